# SPDX-License-Identifier: LGPL-2.1-or-later
"""Planned handovers between two vrrpd: what do clients lose? Failover, stop and preemption, each at random phases.

A client probes the last address every 50 microseconds; a second one probes too, asks by ARP every 5 ms and believes every
answer at once. A second after each handover exactly one node must hold the address.
"""
import argparse
import contextlib
import statistics
import sys

from handover import Handovers
from nodes import real_time_source

# title, addresses, interval, AH by unicast, share of the runs
SETTINGS = [
    ("version 3, 100 ms, 1 address", 1, 0.1, False, 1),
    ("version 3, 100 ms, 200 addresses", 200, 0.1, False, 1),
    ("version 2, 1 s, AH unicast, 1 address", 1, 1, True, 0.2),
]
KINDS = ("failover", "stop", "preemption")


def measure(count, interval, unicast_ah, runs):
    """Returns the results and what was lost in all, or ends with what went wrong."""
    with contextlib.closing(Handovers(count, interval, unicast_ah)) as handovers:
        for _ in range(runs):
            handovers.stop()
            handovers.preempt()
        for _ in range(runs + runs % 2):
            handovers.failover()
        return handovers.finish(), handovers.lost_in_all()


def row(title, kind, results):
    return (f"| {title} | {kind} | {len(results)} | {sum(r.lost for r in results)} | "
            f"{sum(r.lost_arp_client for r in results)} | {sum(r.stale_answers for r in results)} | "
            f"{sum(r.uncorrected for r in results)} | "
            f"{sum(not r.holders for r in results)} | {statistics.median(r.settled_ms for r in results):.0f} | "
            f"{max(r.gap for r in results) * 1e3:.2f} |")


def good(result):
    return result.lost == 0 and result.lost_arp_client == 0 and result.uncorrected == 0 and result.holders


def main():
    parser = argparse.ArgumentParser(prog="tools/bench handover", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-r", "--runs", type=int, default=30, help="handovers of each kind (30)")
    options = parser.parse_args()
    missed = 0
    print("| setting | handover | runs | lost | lost by the client that asks | ARP answers by the old node after the new one's "
          "first announcement | of these not corrected within 50 ms | not exactly one holder after 1 s | until settled, median ms | longest time without a probe, ms |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for title, count, interval, unicast_ah, share in SETTINGS:
        results, lost = measure(count, interval, unicast_ah, max(1, round(options.runs * share)))
        for kind in KINDS:
            print(row(title, kind, [r for r in results if r.kind == kind]), flush=True)
        between = lost - sum(r.lost + r.lost_arp_client for r in results)
        missed += sum(not good(r) for r in results) + between
        if between:
            print(f"{title}: {between} more were lost between handovers")
    print(f"\n{real_time_source()}.")
    print(f"\n{'MISSED: ' + str(missed) + ' handovers or packets' if missed else 'Nothing was lost.'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
