"""ProtoBuf:1 as Kong speaks it, read and written as strictly as its Lua library does."""
