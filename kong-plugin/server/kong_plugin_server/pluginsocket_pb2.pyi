from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RpcCall(_message.Message):
    __slots__ = ("sequence", "cmd_start_instance", "cmd_close_instance", "cmd_handle_event")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CMD_START_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    CMD_CLOSE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    CMD_HANDLE_EVENT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    cmd_start_instance: CmdStartInstance
    cmd_close_instance: CmdCloseInstance
    cmd_handle_event: CmdHandleEvent
    def __init__(self, sequence: _Optional[int] = ..., cmd_start_instance: _Optional[_Union[CmdStartInstance, _Mapping]] = ..., cmd_close_instance: _Optional[_Union[CmdCloseInstance, _Mapping]] = ..., cmd_handle_event: _Optional[_Union[CmdHandleEvent, _Mapping]] = ...) -> None: ...

class CmdStartInstance(_message.Message):
    __slots__ = ("name", "config")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    config: bytes
    def __init__(self, name: _Optional[bytes] = ..., config: _Optional[bytes] = ...) -> None: ...

class CmdCloseInstance(_message.Message):
    __slots__ = ("instance_id",)
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    instance_id: int
    def __init__(self, instance_id: _Optional[int] = ...) -> None: ...

class CmdHandleEvent(_message.Message):
    __slots__ = ("instance_id", "event_name")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_NAME_FIELD_NUMBER: _ClassVar[int]
    instance_id: int
    event_name: bytes
    def __init__(self, instance_id: _Optional[int] = ..., event_name: _Optional[bytes] = ...) -> None: ...

class RpcReturn(_message.Message):
    __slots__ = ("sequence", "instance_status")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_STATUS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    instance_status: InstanceStatus
    def __init__(self, sequence: _Optional[int] = ..., instance_status: _Optional[_Union[InstanceStatus, _Mapping]] = ...) -> None: ...

class InstanceStatus(_message.Message):
    __slots__ = ("name", "instance_id", "started_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    instance_id: int
    started_at: int
    def __init__(self, name: _Optional[bytes] = ..., instance_id: _Optional[int] = ..., started_at: _Optional[int] = ...) -> None: ...

class String(_message.Message):
    __slots__ = ("v",)
    V_FIELD_NUMBER: _ClassVar[int]
    v: bytes
    def __init__(self, v: _Optional[bytes] = ...) -> None: ...

class ByteString(_message.Message):
    __slots__ = ("v",)
    V_FIELD_NUMBER: _ClassVar[int]
    v: bytes
    def __init__(self, v: _Optional[bytes] = ...) -> None: ...

class Int(_message.Message):
    __slots__ = ("v",)
    V_FIELD_NUMBER: _ClassVar[int]
    v: int
    def __init__(self, v: _Optional[int] = ...) -> None: ...

class Bool(_message.Message):
    __slots__ = ("v",)
    V_FIELD_NUMBER: _ClassVar[int]
    v: bool
    def __init__(self, v: _Optional[bool] = ...) -> None: ...

class Number(_message.Message):
    __slots__ = ("v",)
    V_FIELD_NUMBER: _ClassVar[int]
    v: float
    def __init__(self, v: _Optional[float] = ...) -> None: ...

class KV(_message.Message):
    __slots__ = ("k", "v")
    K_FIELD_NUMBER: _ClassVar[int]
    V_FIELD_NUMBER: _ClassVar[int]
    k: bytes
    v: Value
    def __init__(self, k: _Optional[bytes] = ..., v: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...

class Target(_message.Message):
    __slots__ = ("host", "port")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    host: bytes
    port: int
    def __init__(self, host: _Optional[bytes] = ..., port: _Optional[int] = ...) -> None: ...

class ExitArgs(_message.Message):
    __slots__ = ("status", "body", "headers")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    status: int
    body: bytes
    headers: Struct
    def __init__(self, status: _Optional[int] = ..., body: _Optional[bytes] = ..., headers: _Optional[_Union[Struct, _Mapping]] = ...) -> None: ...

class RawBodyResult(_message.Message):
    __slots__ = ("content", "body_filepath", "error")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    BODY_FILEPATH_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    body_filepath: bytes
    error: bytes
    def __init__(self, content: _Optional[bytes] = ..., body_filepath: _Optional[bytes] = ..., error: _Optional[bytes] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value")
    NULL_VALUE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRUCT_VALUE_FIELD_NUMBER: _ClassVar[int]
    LIST_VALUE_FIELD_NUMBER: _ClassVar[int]
    null_value: int
    number_value: float
    string_value: bytes
    bool_value: bool
    struct_value: Struct
    list_value: ListValue
    def __init__(self, null_value: _Optional[int] = ..., number_value: _Optional[float] = ..., string_value: _Optional[bytes] = ..., bool_value: _Optional[bool] = ..., struct_value: _Optional[_Union[Struct, _Mapping]] = ..., list_value: _Optional[_Union[ListValue, _Mapping]] = ...) -> None: ...

class ListValue(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[Value]
    def __init__(self, values: _Optional[_Iterable[_Union[Value, _Mapping]]] = ...) -> None: ...

class Struct(_message.Message):
    __slots__ = ("fields",)
    class FieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.MessageMap[str, Value]
    def __init__(self, fields: _Optional[_Mapping[str, Value]] = ...) -> None: ...

class Pairs(_message.Message):
    __slots__ = ("fields",)
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedCompositeFieldContainer[KV]
    def __init__(self, fields: _Optional[_Iterable[_Union[KV, _Mapping]]] = ...) -> None: ...
