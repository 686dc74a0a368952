"""Beat beside brokers that nobody listens to, and clocks that somebody sets."""

import time
from datetime import timedelta

import pytest
import redis
from celery import Celery

from simportal.beat import Bells
from simportal.schedule import BEAT_SCHEDULE, every

pytestmark = pytest.mark.once

HOUR = 3600
EVERY_TWO_SECONDS = [
    *("cards.jobs", "billing.orders", "carriers.hear", "carriers.work", "carriers.approved", "api.tell", "api.send"),
]
SCHEDULE = {"fast": every(2, "fast"), "slow": every(300, "slow")}


class Beat(Bells):
    """Beat by a clock that the test moves: it stands until somebody waits."""

    now = 1_000.0

    def clock(self):
        return self.now

    def wait(self, seconds):
        """Tick as often as it asks for, so long."""
        until = self.now + seconds
        while self.now < until:
            self.now += min(self.tick(), until - self.now)
        self.tick()

    def unheard(self):
        """How many rings lie in the broker."""
        queues = [entry.options["queue"] for entry in self.schedule.values()]
        return {name: self.connection.default_channel.queue_declare(name).message_count for name in queues}

    def hear(self):
        """What a worker does that takes all."""
        for name in self.unheard():
            self.connection.default_channel.queue_purge(name)


@pytest.fixture
def beat(tmp_path):
    return new_beat(f"memory://{tmp_path.name}")


def new_beat(broker, schedule=SCHEDULE):
    app = Celery("test", broker=broker, set_as_current=False)
    app.conf.beat_schedule = schedule
    app.conf.task_ignore_result = True
    beat = Beat(app)
    beat.hear()
    return beat


def test_every_bell_rings_at_the_start(beat):
    assert (beat.unheard(), beat.tick(), beat.unheard()) == ({"fast": 0, "slow": 0}, 2, {"fast": 1, "slow": 1})


def test_a_bell_rings_at_its_interval_and_not_before(beat):
    beat.tick()
    beat.hear()
    beat.wait(1.9)
    assert beat.unheard() == {"fast": 0, "slow": 0}
    beat.wait(0.1)
    assert beat.unheard() == {"fast": 1, "slow": 0}
    beat.wait(297.9)
    assert beat.unheard() == {"fast": 1, "slow": 0}
    beat.wait(0.1)
    assert beat.unheard() == {"fast": 1, "slow": 1}


def test_a_restart_puts_no_bell_off(beat):
    beat.wait(299)
    beat.hear()
    again = Beat(beat.app)
    again.tick()
    assert again.unheard() == {"fast": 1, "slow": 1}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_changes_nothing(beat, hours, monkeypatch):
    beat.tick()
    beat.hear()
    there = beat.app.now() + timedelta(hours=hours)
    monkeypatch.setattr(beat.app, "now", lambda: there)
    monkeypatch.setattr(time, "time", lambda: there.timestamp())
    beat.wait(1.9)
    assert beat.unheard() == {"fast": 0, "slow": 0}
    beat.wait(0.1)
    assert beat.unheard() == {"fast": 1, "slow": 0}


def test_what_nobody_hears_does_not_pile_up(beat):
    beat.wait(HOUR)
    assert beat.unheard() == {"fast": 1, "slow": 1}
    beat.hear()
    beat.wait(2)
    assert beat.unheard()["fast"] == 1


def test_two_beats_leave_no_more_than_two_rings(beat):
    other = Beat(beat.app)
    for _ in range(100):
        beat.wait(2)
        other.wait(2)
    assert max(beat.unheard().values()) <= 2


# with a real Redis


def queues(url):
    """How long each is; Redis keeps no empty one."""
    with redis.Redis.from_url(url) as client:
        return {key.decode(): client.llen(key) for key in client.scan_iter(_type="list")}


@pytest.fixture
def with_redis(redis_url):
    return new_beat(redis_url, BEAT_SCHEDULE)


def test_a_weekend_without_workers_leaves_each_bell_once(with_redis, redis_url):
    with_redis.wait(HOUR // 4)
    assert queues(redis_url) == {entry["task"]: 1 for entry in BEAT_SCHEDULE.values()}


def test_a_broker_that_has_lost_everything_is_rung_anew(with_redis, redis_url):
    with_redis.wait(4)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    with_redis.wait(2)
    assert queues(redis_url) == dict.fromkeys([*EVERY_TWO_SECONDS, "billing.ask", "simportal.resets"], 1)
    with_redis.wait(300)
    assert queues(redis_url) == {entry["task"]: 1 for entry in BEAT_SCHEDULE.values()}


def test_a_broker_that_hangs_up_is_called_again(with_redis, redis_url, caplog):
    with_redis.tick()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        for connected in client.client_list():
            if connected["id"] != str(client.client_id()):
                client.client_kill(connected["addr"])
    with_redis.wait(2)
    with_redis.wait(2)
    assert queues(redis_url) == dict.fromkeys(EVERY_TWO_SECONDS, 1)
    assert [record.exc_info for record in caplog.records] == [None] * len(caplog.records)
