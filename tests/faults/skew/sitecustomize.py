"""A clock that is wrong: Python's is ahead by SKEW_SECONDS, the database's is right."""

import datetime
import os
import time

AHEAD = float(os.environ["SKEW_SECONDS"])
right_time, right_datetime = time.time, datetime.datetime


class _TakesTheRightOnes(type):
    def __instancecheck__(cls, instance):
        if cls is WrongDatetime:
            return isinstance(instance, right_datetime)
        return type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, other):
        if cls is WrongDatetime:
            return issubclass(other, right_datetime)
        return type.__subclasscheck__(cls, other)


class WrongDatetime(right_datetime, metaclass=_TakesTheRightOnes):
    @classmethod
    def now(cls, tz=None):
        return right_datetime.now(tz) + datetime.timedelta(seconds=AHEAD)

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.UTC).replace(tzinfo=None)


time.time = lambda: right_time() + AHEAD
datetime.datetime = WrongDatetime
