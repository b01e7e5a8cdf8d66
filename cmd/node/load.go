package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sluis/testnet"
)

func loadCommand(t *terminal) *cobra.Command {
	var l testnet.Load
	var mix string
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Let many nodes in one process exchange for a while, and report how that went",
		Long: `Makes a network of invented organisations, each with a real node, lets them ask
and answer for a while, waits until everything is delivered, has every node prove its
ledger, and reports. How it goes is told every second. When an exchange failed it
says at which step and why, and ends with exit code 5.

With --json the report is one JSON document. Without --dir the network is made in a
temporary directory that is removed. docs/load.md says what is measured.`,
		Example: `  sluis testnet load
  sluis testnet load --parties 50 --rate 20 --for 2m
  sluis testnet load --mix answered=3,withdrawn=1 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if mix != "" {
				if l.Mix, err = testnet.ParseMix(mix); err != nil {
					return usage(err)
				}
			}
			if _, err := testnet.LoadMembers(l.Parties); err != nil {
				return usage(err)
			}
			if l.Rate < 0 || l.For <= 0 || l.AtOnce < 1 {
				return usage(errors.New("--rate, --for and --at-once can't be below zero, the last two not zero"))
			}
			l.Dir = networkDir(t, cmd)
			l.Tell = t.follow()
			r, err := l.Run(cmd.Context())
			if r.Begun > 0 {
				if err := t.print(r, func(w io.Writer) { tellReport(w, r) }); err != nil {
					return err
				}
			}
			if err == nil && r.Failed > 0 {
				err = &checkError{what: fmt.Sprintf("%d of %d exchanges failed", r.Failed, r.Begun), todo: "see the failures in the report"}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.IntVar(&l.Parties, "parties", 10, "`number` of nodes")
	f.Float64Var(&l.Rate, "rate", 0, "`exchanges` that begin each second; 0 is as many as --at-once allows")
	f.DurationVar(&l.For, "for", 30*time.Second, "`time` in which exchanges begin")
	f.IntVar(&l.AtOnce, "at-once", 64, "`exchanges` that are under way at the same time, at most")
	f.StringVar(&mix, "mix", "", "`shares` of the kinds of exchange, as answered=3,withdrawn=1")
	return cmd
}

// follow tells how a load goes, on what is not the report.
func (t *terminal) follow() func(testnet.Progress) {
	return func(p testnet.Progress) {
		if p.Elapsed == 0 {
			if p.Nodes%10 == 0 {
				t.say("%d nodes up, %s", p.Nodes, mebibytes(p.Memory))
			}
			return
		}
		t.say("%3.0f s: %d begun, %d done, %d failed, %.1f/s, %s", p.Elapsed.Seconds(), p.Begun, p.Done, p.Failed, float64(p.Done)/p.Elapsed.Seconds(), mebibytes(p.Memory))
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

func tellReport(w io.Writer, r testnet.Report) {
	fmt.Fprintf(w, "parties\t%d, up in %.1f s\n", r.Parties, r.Started)
	fmt.Fprintf(w, "exchanges\t%d begun, %d done, %d failed, in %.1f s\n", r.Begun, r.Done, r.Failed, r.Seconds)
	fmt.Fprintf(w, "throughput\t%.1f a second", r.PerSecond)
	if r.Rate > 0 {
		fmt.Fprintf(w, " (%.1f wanted, %d began late)", r.Rate, r.Late)
	}
	fmt.Fprintf(w, "\nsettled\t%.1f s afterwards\n", r.Settled)
	row := func(name string, timing testnet.Timing) {
		fmt.Fprintf(w, "%s\t%d; ask to receipt %s; decide to answer %s\n", name, timing.Count, times(timing.Receipt), times(timing.Answer))
	}
	row("all", r.All)
	for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
		row(string(k), r.Kinds[k])
	}
	fmt.Fprintf(w, "memory\t%s before, %s with all nodes up, %s at most; %s a node\n",
		mebibytes(r.Memory.Before), mebibytes(r.Memory.Idle), mebibytes(r.Memory.Peak), mebibytes(r.Memory.PerNode))
	fmt.Fprintf(w, "ledgers\t%d entries, %d to %d a node, %d nodes proved theirs; %s on disk\n",
		r.Ledgers.Entries, r.Ledgers.Smallest, r.Ledgers.Largest, r.Ledgers.Verified, mebibytes(r.Ledgers.Disk))
	for _, f := range r.Failures {
		fmt.Fprintf(w, "failed\t%d × %s, %s: %s\n", f.Count, f.Kind, f.Step, f.Why)
	}
}

func times(p testnet.Percentiles) string {
	if p == (testnet.Percentiles{}) {
		return "none"
	}
	return fmt.Sprintf("p50 %.0f, p95 %.0f, p99 %.0f ms", p.P50, p.P95, p.P99)
}
