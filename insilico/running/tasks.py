"""Tasks shared among processes: given out one by one, kept when finished, done again where a worker dies.

Each worker is a pool of one process (concurrent.futures), so that the task of a worker that dies is known and those of
the others go on. Ctrl-C in a terminal reaches all processes of a command: workers do not listen to it, they are ended
by the process that gives out the tasks, and end by themselves when that one is no more.
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

ATTEMPTS = 3  # of a task whose workers die
GUARD = "in a script, what starts processes stands below: if __name__ == '__main__':"

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerDiedWarning(UserWarning):
    """A process ended in the middle of a task, which is done again."""


class Ledger(Protocol[Result]):
    """Where finished tasks are kept, by number."""

    def read(self, number: int) -> Result | None:
        """Return the result of a task, None where it is not finished."""

    def write(self, number: int, result: Result) -> None:
        """Keep the result of a task."""


def run_tasks(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    name: str,
    unit: str,
    processes: int = 1,
    ledger: Ledger[Result] | None = None,
    progress: bool = False,
    state: Callable[[Iterable[Result]], str] | None = None,
) -> list[Result]:
    """Do tasks, in other processes if there are several, and return their results in order.

    Parameters
    ----------
    work
        Called with each task. In other processes it must be found by import: no lambda, nothing defined on the fly.
    tasks
        Given out one at a time, as processes become free.
    name, unit
        What is done, as the progress bar and messages say it, and what one task is ("start").
    processes
        1 or more; 1 works in this process.
    ledger
        Tasks that it knows are not done again; each is written into it as soon as it is finished.
    progress
        True draws a progress bar with the expected time.
    state
        Makes from the results so far what stands behind the bar.

    Raises
    ------
    ValueError
        If the number of processes is not 1 or more.
    ChildProcessError
        If the workers of one task died three times.
    """
    if processes < 1:
        raise ValueError(f"processes = {processes}: must be 1 or more.")
    kept = {} if ledger is None else {n: ledger.read(n) for n in range(len(tasks))}
    found = {number: result for number, result in kept.items() if result is not None}
    waiting = [n for n in range(len(tasks)) if n not in found]
    with tqdm(
        total=len(tasks), initial=len(found), desc=name, unit=f" {unit}s", disable=not progress, leave=False
    ) as bar:

        def keep(number: int, result: Result) -> None:
            if ledger is not None:
                ledger.write(number, result)
            found[number] = result
            if state is not None:
                bar.set_postfix_str(state(found.values()))
            bar.update()

        if processes == 1 or len(waiting) <= 1:
            for number in waiting:
                keep(number, work(tasks[number]))
        else:
            _share(work, tasks, waiting, processes=min(processes, len(waiting)), name=(unit, name), keep=keep)
    return [found[number] for number in range(len(tasks))]


def _share(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    numbers: Iterable[int],
    *,
    processes: int,
    name: tuple[str, str],
    keep: Callable[[int, Result], None],
) -> None:
    """Give tasks to workers, and keep each result as it comes."""
    waiting, deaths = deque(numbers), Counter[int]()
    workers = [_Worker() for _ in range(processes)]
    idle, busy = list(workers), dict[Future, tuple[_Worker, int]]()
    try:
        while waiting or busy:
            while waiting and idle:
                worker, number = idle.pop(), waiting.popleft()
                busy[worker.submit(work, tasks[number])] = worker, number
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                worker, number = busy.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    deaths[number] += 1
                    _report(f"{name[0]} {number} of {name[1]}", worker.replace(), deaths[number])
                    waiting.appendleft(number)
                else:
                    keep(number, result)
                idle.append(worker)
    except BaseException:
        for worker in workers:
            worker.kill()
        raise
    finally:
        for worker in workers:
            worker.close()


def _report(task: str, code: int | None, deaths: int) -> None:
    """Say which task lost its worker; raise where that has happened too often."""
    how = f"exit code {code}" if code is None or code >= 0 else f"signal {-code}"
    if deaths < ATTEMPTS:
        again = f"it is done again (attempt {deaths + 1} of {ATTEMPTS})"
        warnings.warn(f"the process of {task} died ({how}): {again}.", WorkerDiedWarning, stacklevel=4)
        return
    reason = "memory may have run out: take fewer processes" if code == -signal.SIGKILL else GUARD
    raise ChildProcessError(f"the processes of {task} died {deaths} times ({how}). Perhaps {reason}")


class _Worker:
    """A pool of one process, which can be ended and replaced."""

    def __init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self._context = _Spawn()
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=self._context, initializer=_begin)

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future:
        """Give it a task; a process that starts inherits that Ctrl-C does not reach it."""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(work, task)
        except BrokenProcessPool as error:  # died while it was idle
            lost: Future = Future()
            lost.set_exception(error)
            return lost
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def replace(self) -> int | None:
        """Start again after a death; return how the process ended: its exit code, or minus a signal."""
        self.close()
        code = None if self._context.process is None else self._context.process.exitcode
        self._open()
        return code

    def kill(self) -> None:
        """End the process in the middle of its task."""
        process = self._context.process
        if process is not None and process.pid is not None:
            process.kill()

    def close(self) -> None:
        """Wait for the end of the process."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Spawn(SpawnContext):
    """Starts fresh processes, and knows the last of them."""

    process: SpawnProcess | None = None

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]
        self.process = SpawnProcess(*args, **kwargs)
        return self.process


def _begin() -> None:
    """Prepare a worker: it ends with the process that gives out the tasks, whatever ended that one."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
