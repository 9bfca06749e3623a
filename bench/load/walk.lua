-- For wrk: sends the requests of a file (bench/load/requests.py), one after another and again.
--
--   wrk ... -s walk.lua URL -- FILE FIRST_LAP [RATE]
--
-- With RATE, requests a second on one thread, each connection waits for the next moment of a
-- common timetable before it sends; without, it sends as soon as it has its answer.
--
-- The file holds whole HTTP requests, each ended by END. In each, every ID becomes a fresh UUID
-- and every LAP the number of the walk through the file, so that no event is sent twice and a
-- session does not grow with each walk. Ready requests, because formatting them here would cost
-- the load generator more than sending them. Prints one line of JSON, which wrk.py reads.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } bench_time; "
  .. "int clock_gettime(int clock, bench_time *now);")

local LAP, ID, ENDED = "\28", "\29", "\30"
local LAPS = 0x1000000
local CLOCK_MONOTONIC = 1
local threads = 0

function setup(thread)
  thread:set("thread_number", threads)
  threads = threads + 1
end

local records, at, lap, lap_text, hex = {}, 0, 0, "", {}

-- A request as a list of texts and tokens; the pattern splits before and after each token.
local function split(text)
  local pieces = {}
  for literal, token in text:gmatch("([^\28\29]*)([\28\29]?)") do
    if literal ~= "" then pieces[#pieces + 1] = literal end
    if token ~= "" then pieces[#pieces + 1] = token end
  end
  return pieces
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local first_lap = assert(tonumber(args[2]))
  for text in file:read("*a"):gmatch("([^" .. ENDED .. "]+)" .. ENDED) do
    records[#records + 1] = split(text)
  end
  file:close()
  -- Threads begin far from each other in laps, so that they share no session.
  lap = (first_lap + thread_number * 65536) % LAPS
  lap_text = ("%06x"):format(lap)
  math.randomseed(lap)
  for i = 0, 0xffff do hex[i] = ("%04x"):format(i) end
  if args[3] then pace(tonumber(args[3])) end
end

-- Makes wrk ask before each request how many milliseconds to wait.
function pace(rate)
  local now, moment = ffi.new("bench_time"), nil
  function delay()
    ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
    local at = tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6
    moment = (moment or at) + 1e3 / rate
    return math.max(0, math.floor(moment - at + 0.5))
  end
end

-- A UUID version 4, as browsers make them.
local function new_id()
  local r = math.random
  return hex[r(0, 0xffff)] .. hex[r(0, 0xffff)] .. "-" .. hex[r(0, 0xffff)] .. "-"
    .. hex[0x4000 + r(0, 0xfff)] .. "-" .. hex[0x8000 + r(0, 0x3fff)] .. "-"
    .. hex[r(0, 0xffff)] .. hex[r(0, 0xffff)] .. hex[r(0, 0xffff)]
end

function request()
  at = at + 1
  if at > #records then
    at, lap = 1, (lap + 1) % LAPS
    lap_text = ("%06x"):format(lap)
  end
  local record = records[at]
  if #record == 1 then return record[1] end
  local out = {}
  for i, piece in ipairs(record) do
    out[i] = piece == ID and new_id() or piece == LAP and lap_text or piece
  end
  return table.concat(out)
end

function done(summary, latency)
  local e = summary.errors
  io.write(("wrk-result {\"requests\":%d,\"seconds\":%.6f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"):format(
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3))
  io.write(("\"p999_ms\":%.3f,\"max_ms\":%.3f,\"bad_status\":%d,\"socket_errors\":%d}\n"):format(
    latency:percentile(99.9) / 1e3, latency.max / 1e3, e.status,
    e.connect + e.read + e.write + e.timeout))
end
