"""Jobs go on when nobody looks, are followed by whoever does, and stop within a second."""

import asyncio
import time

import pytest

from assistant.errors import Conflict
from assistant.jobs import TICKS_A_SECOND, Job, Jobs


async def test_followers_see_each_change_and_the_end_and_never_more_than_eight_a_second():
    jobs = Jobs()

    async def work(job: Job) -> None:
        for _ in range(60):
            await asyncio.sleep(0.01)
            job.tick()

    jobs.start("r", "Working", work)
    began = time.monotonic()
    ticks = sum([1 async for _ in jobs.follow("r")])
    assert jobs.running("r") is None
    assert 3 <= ticks <= (time.monotonic() - began) * TICKS_A_SECOND + 3


async def test_a_follower_that_leaves_does_not_stop_the_job():
    jobs, done = Jobs(), asyncio.Event()

    async def work(job: Job) -> None:
        await asyncio.sleep(0.2)
        done.set()

    jobs.start("r", "Working", work)
    async for _ in jobs.follow("r"):
        break
    await asyncio.wait_for(done.wait(), 3)


async def test_stop_ends_a_job_after_its_last_write():
    jobs, kept = Jobs(), []

    async def work(job: Job) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            kept.append("partial")

    jobs.start("r", "Working", work)
    await asyncio.sleep(0.05)
    began = time.monotonic()
    assert await jobs.stop("r")
    assert time.monotonic() - began < 1
    assert kept == ["partial"]
    assert not await jobs.stop("r")


async def test_one_job_a_resource():
    jobs = Jobs()

    async def work(job: Job) -> None:
        await asyncio.sleep(60)

    jobs.start("r", "Working", work)
    with pytest.raises(Conflict, match="still being worked on"):
        jobs.start("r", "Working", work)
    await jobs.close()
    assert jobs.running("r") is None
