"""The contender DSPy: the same ChainOfThought as the others, by threads or by asyncio.

Prints one line of JSON. A wrong answer or an error ends the run with a failure.
"""

import argparse
import asyncio
import json
import os
import resource
import time

# Without it, LiteLLM asks the network for its table of prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import dspy

ANSWER = "Paris"
REASONING = "France is a country in Europe, and its seat of government is Paris."


def question(number):
    return f"What is the capital of France, asked for the time number {number}?"


def check(prediction):
    found = (prediction.reasoning, prediction.answer)
    if found != (REASONING, ANSWER):
        raise ValueError(f"expected {(REASONING, ANSWER)}, found {found}")


def by_threads(program, calls, concurrency):
    """DSPy's own executor; one call at a time needs none."""
    if concurrency == 1:
        for number in range(calls):
            check(program(question=question(number)))
        return
    parallel = dspy.Parallel(num_threads=concurrency, max_errors=1, disable_progress_bar=True)
    examples = [dspy.Example(question=question(n)).with_inputs("question") for n in range(calls)]
    predictions = parallel([(program, example) for example in examples])
    for prediction in predictions:
        check(prediction)


def by_asyncio(program, calls, concurrency):
    numbers = iter(range(calls))

    async def worker():
        for number in numbers:
            check(await program.acall(question=question(number)))

    async def workers():
        await asyncio.gather(*(worker() for _ in range(concurrency)))

    return workers()


def used():
    """Seconds of the clock, and of the processor by this process alone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime


def peak_kilobytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--mode", choices=["threads", "asyncio"], required=True)
    args = parser.parse_args()

    lm = dspy.LM("openai/script", api_base=args.base, api_key="none", cache=False, num_retries=0)
    dspy.configure(lm=lm, disable_history=True)
    program = dspy.ChainOfThought("question -> answer")

    if args.mode == "threads":
        by_threads(program, args.warm_up, args.concurrency)
        start = used()
        by_threads(program, args.calls, args.concurrency)
        end = used()
    else:
        # One loop for both, as connections belong to it.
        async def both():
            await by_asyncio(program, args.warm_up, args.concurrency)
            start = used()
            await by_asyncio(program, args.calls, args.concurrency)
            return start, used()

        start, end = asyncio.run(both())
    print(
        json.dumps(
            {
                "calls": args.calls,
                "seconds": end[0] - start[0],
                "cpu_seconds": end[1] - start[1],
                "peak_kilobytes": peak_kilobytes(),
            }
        )
    )


if __name__ == "__main__":
    main()
