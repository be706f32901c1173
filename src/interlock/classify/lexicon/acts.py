"""Verbs whose meaning depends on the kind of thing they are done to.

Each row: the verbs, then per kind of object the effect, then the effect on an object of unknown kind.
The unknown case is the worst ordinary one: an unknown thing created may cost, reach people or open doors.
"""

from __future__ import annotations

from interlock.classify.effects import (
    ADD,
    ARBITRARY,
    DESTROY,
    EDIT,
    GRANT,
    HALT,
    OPERATE,
    PAY,
    PROVISION,
    PUBLISH,
    READ,
    REGRANT,
    REMOVE,
    REPLACE,
    REVEAL,
    REVOKE,
    RUN,
    SEND,
    TOUCH,
    Effect,
)
from interlock.classify.lexicon.nouns import Kind
from interlock.classify.lexicon.verbs import PLAIN

Row = tuple[str, dict[Kind, Effect], Effect]

_MAKE = {
    Kind.SECRET: GRANT,
    Kind.ACCESS: GRANT,
    Kind.MONEY: PAY,
    Kind.MESSAGE: SEND,
    Kind.PUBLIC: PUBLISH,
    Kind.DEVICE: OPERATE,
    Kind.JOB: RUN,
    Kind.INFRA: PROVISION,
    Kind.MEDIA: PROVISION,
    Kind.CONTENT: ADD,
    Kind.RECORD: ADD,
    Kind.CODE: ADD,
    Kind.QUESTION: ADD,
    Kind.BROWSER: ADD,
    Kind.FIGURE: ADD,
}
_CHANGE = {
    Kind.SECRET: REGRANT,
    Kind.ACCESS: REGRANT,
    Kind.MONEY: PAY,
    Kind.MESSAGE: SEND,
    Kind.PUBLIC: PUBLISH,
    Kind.DEVICE: OPERATE,
    Kind.JOB: RUN,
    Kind.INFRA: OPERATE,
    Kind.MEDIA: REPLACE,
    Kind.CONTENT: REPLACE,
    Kind.RECORD: EDIT,
    Kind.FIGURE: REPLACE,
}
_UNMAKE = {
    Kind.SECRET: REVOKE,
    Kind.ACCESS: REVOKE,
    Kind.MONEY: DESTROY,
    Kind.PUBLIC: DESTROY,
    Kind.INFRA: DESTROY,
    Kind.JOB: DESTROY,
    Kind.DEVICE: DESTROY,
}
_STEER = {
    Kind.SECRET: REGRANT,
    Kind.ACCESS: REGRANT,
    Kind.QUESTION: READ,
    Kind.RECORD: EDIT,
    Kind.CONTENT: EDIT,
}

_ROWS: tuple[Row, ...] = (
    ("create add new make register define establish construct compose author", _MAKE, PROVISION),
    (
        "insert append save store attach write_new copy duplicate clone",
        {**_MAKE, Kind.VIEW: ADD, Kind.MEDIA: ADD},
        ADD,
    ),
    ("upload", {**_MAKE, Kind.VIEW: ADD, Kind.MEDIA: ADD}, PUBLISH),
    ("acknowledge ack snooze silence dismiss escalate", {Kind.MESSAGE: SEND}, EDIT),
    (
        "generate produce compose_text prepare draft design",
        {
            Kind.SECRET: GRANT,
            Kind.MONEY: PAY,
            Kind.MEDIA: PROVISION,
            Kind.JOB: RUN,
            Kind.VIEW: READ,
            Kind.FIGURE: READ,
            Kind.CODE: READ,
            Kind.QUESTION: READ,
            Kind.RECORD: ADD,
            Kind.CONTENT: ADD,
        },
        ADD,
    ),
    (
        "update edit modify change set patch adjust put alter configure customize revise amend",
        _CHANGE,
        REPLACE,
    ),
    ("write", {**_CHANGE, Kind.RECORD: REPLACE, Kind.VIEW: REPLACE}, REPLACE),
    ("upsert", {**_CHANGE, Kind.RECORD: REPLACE}, REPLACE),
    ("delete remove drop unset destroy", _UNMAKE, REMOVE),
    (
        "run execute exec perform do process conduct issue invoke",
        {Kind.QUESTION: READ, Kind.BROWSER: TOUCH},
        RUN,
    ),
    ("call", {Kind.QUESTION: READ}, RUN),
    ("test", {Kind.POINTER: READ, Kind.CODE: READ, Kind.QUESTION: READ}, RUN),
    ("start begin initiate launch", {Kind.QUESTION: READ, Kind.RECORD: EDIT}, RUN),
    ("stop cancel abort end", {Kind.MONEY: DESTROY, Kind.MESSAGE: SEND, Kind.ACCESS: REVOKE}, HALT),
    ("enable activate", {**_STEER}, OPERATE),
    ("disable deactivate", {Kind.SECRET: REVOKE, Kind.ACCESS: REVOKE}, HALT),
    (
        "resolve",
        {
            Kind.MONEY: PAY,
            Kind.MESSAGE: SEND,
            Kind.POINTER: READ,
            Kind.RECORD: EDIT,
            Kind.VIEW: READ,
        },
        EDIT,
    ),
    (
        "open",
        {
            Kind.DEVICE: OPERATE,
            Kind.MONEY: PAY,
            Kind.MESSAGE: SEND,
            Kind.ACCESS: GRANT,
            Kind.INFRA: OPERATE,
            Kind.BROWSER: READ,
            Kind.CONTENT: READ,
            Kind.RECORD: ADD,
        },
        OPERATE,
    ),
    (
        "close",
        {
            Kind.DEVICE: OPERATE,
            Kind.MONEY: PAY,
            Kind.MESSAGE: SEND,
            Kind.ACCESS: REVOKE,
            Kind.INFRA: HALT,
            Kind.BROWSER: EDIT,
            Kind.RECORD: EDIT,
            Kind.CONTENT: EDIT,
        },
        HALT,
    ),
    ("sync synchronize", {Kind.VIEW: ADD}, REPLACE),
    ("extract", {Kind.SECRET: REVEAL}, READ),
    ("format", {Kind.CODE: READ, Kind.VIEW: READ, Kind.QUESTION: READ, Kind.RECORD: EDIT, Kind.CONTENT: EDIT}, REPLACE),
    ("capture", {Kind.VIEW: READ, Kind.MEDIA: READ, Kind.BROWSER: READ}, PAY),
    ("apply", {Kind.QUESTION: READ, Kind.RECORD: EDIT}, REPLACE),
    ("assign", {Kind.SECRET: GRANT, Kind.ACCESS: GRANT, Kind.INFRA: OPERATE, Kind.RECORD: EDIT}, EDIT),
    ("verify", {Kind.MONEY: PAY, Kind.SECRET: REVEAL}, READ),
    ("validate check", {Kind.SECRET: REVEAL}, READ),
    ("track", {Kind.RECORD: READ, Kind.VIEW: READ, Kind.MONEY: READ, Kind.POINTER: READ}, READ),
    ("report", {Kind.VIEW: READ, Kind.QUESTION: READ}, SEND),
    ("import", {Kind.ACCESS: GRANT, Kind.SECRET: GRANT, Kind.INFRA: PROVISION, Kind.MONEY: PAY}, REPLACE),
    (
        "move rename",
        {Kind.MONEY: PAY, Kind.INFRA: OPERATE, Kind.DEVICE: OPERATE, Kind.ACCESS: REGRANT, Kind.BROWSER: TOUCH},
        EDIT,
    ),
    ("select", {Kind.BROWSER: READ, Kind.VIEW: READ, Kind.RECORD: READ, Kind.QUESTION: READ, Kind.CONTENT: READ}, EDIT),
    (
        "link connect",
        {Kind.MONEY: PAY, Kind.ACCESS: GRANT, Kind.SECRET: GRANT, Kind.INFRA: OPERATE, Kind.DEVICE: OPERATE},
        EDIT,
    ),
    ("archive restore", {Kind.INFRA: OPERATE, Kind.ACCESS: REGRANT, Kind.PUBLIC: PUBLISH}, EDIT),
    ("lock unlock", {Kind.RECORD: EDIT, Kind.MESSAGE: EDIT, Kind.CONTENT: EDIT}, OPERATE),
    ("record", {Kind.VIEW: READ, Kind.MONEY: PAY}, ADD),
    ("log", {Kind.VIEW: READ, Kind.RECORD: ADD, Kind.CONTENT: ADD}, ADD),
    ("watch", {Kind.RECORD: EDIT}, READ),
    ("convert transform", {Kind.MONEY: PAY, Kind.RECORD: EDIT, Kind.ACCESS: REGRANT}, READ),
    (
        "load",
        {
            Kind.INFRA: RUN,
            Kind.JOB: RUN,
            Kind.DEVICE: OPERATE,
            Kind.VIEW: READ,
            Kind.CONTENT: READ,
            Kind.RECORD: READ,
            Kind.MEDIA: READ,
            Kind.PUBLIC: READ,
            Kind.BROWSER: READ,
            Kind.CODE: READ,
        },
        OPERATE,
    ),
    ("receive pull", {Kind.MESSAGE: EDIT, Kind.VIEW: READ, Kind.QUESTION: READ}, REPLACE),
    ("pop dequeue consume claim acquire lease", {}, REMOVE),
    ("take", {Kind.BROWSER: READ, Kind.VIEW: READ}, REMOVE),
    ("follow", {Kind.RECORD: EDIT}, SEND),
    ("mute", {Kind.ACCESS: REVOKE}, EDIT),
    ("switch use", {Kind.DEVICE: OPERATE, Kind.INFRA: EDIT, Kind.ACCESS: EDIT, Kind.RECORD: EDIT}, EDIT),
    ("turn toggle press power", {Kind.RECORD: EDIT, Kind.BROWSER: TOUCH}, OPERATE),
    ("complete", {Kind.RECORD: EDIT, Kind.MONEY: PAY}, EDIT),
    ("approve reject", {Kind.ACCESS: GRANT, Kind.MONEY: PAY}, SEND),
    ("transition mark flag", {Kind.MONEY: PAY, Kind.MESSAGE: EDIT}, EDIT),
    ("read view fetch get retrieve list show describe search find", {Kind.SECRET: READ}, READ),
    ("collect gather obtain acquire", {Kind.MONEY: PAY, Kind.SECRET: REVEAL}, READ),
    ("request", {Kind.VIEW: READ, Kind.QUESTION: READ}, SEND),
    ("reset", {Kind.SECRET: REVOKE, Kind.ACCESS: REVOKE, Kind.INFRA: HALT, Kind.DEVICE: HALT}, REPLACE),
    ("manage administer control", {}, ARBITRARY),
    ("navigate scroll hover wait resize", {Kind.INFRA: OPERATE, Kind.DEVICE: OPERATE}, READ),
    ("evaluate", {Kind.VIEW: READ, Kind.QUESTION: READ}, RUN),
    ("play", {}, OPERATE),
    ("map", {Kind.ACCESS: REGRANT, Kind.SECRET: REGRANT, Kind.INFRA: OPERATE, Kind.RECORD: EDIT}, READ),
    ("draw", {Kind.VIEW: READ, Kind.FIGURE: READ}, ADD),
)

# Every verb with what it does when nothing is known of its object.
VERBS: dict[str, Effect] = {verb: otherwise for verbs, _, otherwise in _ROWS for verb in verbs.split()} | PLAIN
ACTS: dict[str, tuple[dict[Kind, Effect], Effect]] = {
    verb: (effects, otherwise) for verbs, effects, otherwise in _ROWS for verb in verbs.split()
}
