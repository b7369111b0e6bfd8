#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Radius search by hashscan and by faiss: the same rows and queries, one thread, interleaved in rounds.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install faiss-cpu numpy
    /tmp/venv/bin/python bench/peers/faiss_compare.py [--build build] [--entries 1000000] [--radius 31] [--json FILE]

Measured are IndexBinaryFlat and IndexBinaryMultiHash(256, 16, 16) with nflip 1, both by range_search, and
IndexBinaryHNSW, which has no range search, by its nearest neighbours within the radius. faiss gets its queries in one
call, hashscan one query a call (`ring`) and many a call (`ring-batch`). A round runs hashscan, then each index of
faiss; the ratios are medians over the rounds. Recall is measured over all planted queries against IndexBinaryFlat,
whose hits must be as many as those of hashscan.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import faiss
    import numpy
except ImportError as missing:
    sys.exit(f"faiss_compare.py: {missing}: see the top of this file")

HASH_BYTES = 32
NEIGHBOURS = 16
PLANTED_EVERY = 100  # as tests/oracles/index_data.h has it


def add_flat(rows):
    index = faiss.IndexBinaryFlat(HASH_BYTES * 8)
    index.add(rows)
    return index


def add_multihash(rows):
    index = faiss.IndexBinaryMultiHash(HASH_BYTES * 8, 16, 16)
    index.nflip = 1
    index.add(rows)
    return index


def add_hnsw(rows):
    index = faiss.IndexBinaryHNSW(HASH_BYTES * 8, 32)
    index.hnsw.efConstruction = 40
    index.hnsw.efSearch = 64
    index.add(rows)
    return index


def search_range(index, queries, radius):
    """Hits as (query, row). faiss leaves the radius itself out."""
    bounds, _, found = index.range_search(queries, radius + 1)
    owner = numpy.repeat(numpy.arange(len(queries)), numpy.diff(bounds.astype(numpy.int64)))
    return owner, found


def search_nearest(index, queries, radius):
    distances, found = index.search(queries, NEIGHBOURS)
    owner, place = numpy.nonzero((distances <= radius) & (found >= 0))
    return owner, found[owner, place]


PEERS = {
    "IndexBinaryFlat": (add_flat, search_range),
    "IndexBinaryMultiHash": (add_multihash, search_range),
    "IndexBinaryHNSW": (add_hnsw, search_nearest),
}


def load(arguments, bench, folder):
    path = os.path.join(folder, "hashes")
    subprocess.run([*bench, "--dump", path], check=True)
    hashes = numpy.fromfile(path, dtype=numpy.uint8).reshape(-1, HASH_BYTES)
    os.remove(path)
    return hashes[: arguments.entries], hashes[arguments.entries :]


def build(arguments, rows):
    indexes = {}
    faiss.omp_set_num_threads(os.cpu_count())
    for name, (add, _) in PEERS.items():
        if name == "IndexBinaryHNSW" and arguments.entries > arguments.hnsw_most:
            continue
        start = time.monotonic()
        indexes[name] = add(rows)
        print(f"{name}: built in {time.monotonic() - start:.1f} s", file=sys.stderr)
    faiss.omp_set_num_threads(1)
    return indexes


def start_ours(bench, rounds, output):
    command = [*bench, "--paced", "--rounds", str(rounds), "--seconds", "2", "--json", output]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def our_round(ours):
    ours.stdin.write("\n")
    ours.stdin.flush()
    if not ours.stdout.readline().startswith("round"):
        sys.exit("faiss_compare.py: hashscan-bench failed")


def measure(arguments, bench, indexes, queries, folder):
    """Microseconds a query: a list over the rounds for each index of faiss, and the results of hashscan-bench."""
    output = os.path.join(folder, "ours.json")
    times = {name: [] for name in indexes}
    with start_ours(bench, arguments.rounds, output) as ours:
        for _ in range(arguments.rounds):
            our_round(ours)
            for name, index in indexes.items():
                start = time.perf_counter()
                PEERS[name][1](index, queries[: arguments.timed], arguments.radius)
                times[name].append((time.perf_counter() - start) / arguments.timed * 1e6)
        ours.stdin.close()
        ours.stdout.read()
    if ours.returncode != 0:
        sys.exit("faiss_compare.py: hashscan-bench failed")
    with open(output, encoding="utf-8") as results:
        return times, json.load(results)


def recalls(arguments, indexes, queries):
    hits = {}
    planted = numpy.ascontiguousarray(queries[::PLANTED_EVERY])
    for name, index in indexes.items():
        hits[name] = set(zip(*(part.tolist() for part in PEERS[name][1](index, planted, arguments.radius))))
    exact = hits["IndexBinaryFlat"]
    return {name: len(found & exact) / max(1, len(exact)) for name, found in hits.items()}, len(exact)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--entries", type=lambda text: int(float(text)), default=1000000)
    parser.add_argument("--radius", type=int, default=31)
    parser.add_argument("--queries", type=int, default=3400, help="asked of hashscan; one in 100 is planted")
    parser.add_argument("--timed", type=int, default=100, help="of these asked of faiss in each round")
    parser.add_argument("--data", default="uniform")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hnsw-most", type=lambda text: int(float(text)), default=1000000,
                        help="leave HNSW out beyond so many entries: building it takes minutes a million")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    bench = [os.path.join(arguments.build, "hashscan-bench"), "index", "--entries", str(arguments.entries), "--queries",
             str(arguments.queries), "--radius", str(arguments.radius), "--data", arguments.data]
    with tempfile.TemporaryDirectory() as folder:
        rows, queries = load(arguments, bench, folder)
        indexes = build(arguments, rows)
        times, ours = measure(arguments, bench, indexes, queries, folder)
    recall, planted_hits = recalls(arguments, indexes, queries)
    engines = {engine["name"]: engine for engine in ours["engines"]}
    # Misses have no hits in uniform data, so the planted queries hold them all.
    if arguments.data == "uniform" and engines["ring"]["hits"] != planted_hits:
        sys.exit(f"faiss_compare.py: hashscan has {engines['ring']['hits']} hits, faiss {planted_hits}")
    peers = []
    for name, rounds in times.items():
        ratios = [theirs / our for theirs, our in zip(rounds, engines["ring"]["round_wall_us_per_query"])]
        peers.append({"name": name, "median_us": statistics.median(rounds), "round_us": rounds, "recall": recall[name],
                      "times_ring": statistics.median(ratios)})
    print(f"{ours['entries']} {ours['data']} entries, radius {ours['radius']}, one thread, {ours['cpu']}, "
          f"faiss {faiss.__version__}")
    for engine in engines.values():
        print(f"{engine['name']:22}{engine['mean_us']:12.1f} us")
    for peer in peers:
        print(f"{peer['name']:22}{peer['median_us']:12.1f} us   {peer['times_ring']:8.1f} times ring   "
              f"recall {peer['recall']:.4f} of {planted_hits}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as output:
            json.dump({"hashscan": ours, "faiss": faiss.__version__, "peers": peers}, output, indent=1)


if __name__ == "__main__":
    main()
