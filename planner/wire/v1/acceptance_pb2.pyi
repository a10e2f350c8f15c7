import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AcceptPlanRequest(_message.Message):
    __slots__ = ("name", "etag", "accepted_by", "comment")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_BY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    accepted_by: str
    comment: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., accepted_by: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class Acceptance(_message.Message):
    __slots__ = ("accepted_by", "accept_time", "comment", "etag")
    ACCEPTED_BY_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_TIME_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    accepted_by: str
    accept_time: _timestamp_pb2.Timestamp
    comment: str
    etag: str
    def __init__(self, accepted_by: _Optional[str] = ..., accept_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., comment: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...
