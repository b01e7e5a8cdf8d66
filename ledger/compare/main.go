// Sluis against its peers: how many entries a second each appends durably, in
// one run on one disk. README.md says how to read the figures.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	dir := flags.String("dir", ".", "directory on the disk to measure; what is made in it is removed")
	rounds := flags.Int("rounds", 5, "rounds; in each every contestant runs once per number of writers")
	measured := flags.Duration("time", 2*time.Second, "how long a contestant is measured in a round")
	warm := flags.Duration("warm", 300*time.Millisecond, "how long it runs before that")
	list := flags.String("writers", "1,16,256", "numbers of writers")
	only := flags.String("only", "", "regular expression: leave the other contestants out")
	grown := flags.Uint64("growth", 0, "instead, compare the cost of an append at 10,000 entries with that at this number")
	profile := flags.String("profile", "", "write a CPU profile of the whole run to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if err := onDisk(*dir); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(*dir, "compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if *grown > 0 {
		return growth(scratch, *grown, *rounds, span{*warm, *measured}, out, progress)
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	writers, err := numbers(*list)
	if err != nil {
		return err
	}
	return compare(scratch, *rounds, writers, match, span{*warm, *measured}, out, progress)
}

// onDisk refuses a directory in memory, where a sync does nothing.
func onDisk(dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	if fs.Type == unix.TMPFS_MAGIC || fs.Type == unix.RAMFS_MAGIC {
		return errors.New("the directory is in memory, where nothing becomes durable: choose one on a disk with -dir")
	}
	return nil
}

func numbers(list string) ([]int, error) {
	var all []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-writers: %q is not a number above 0", part)
		}
		all = append(all, n)
	}
	return all, nil
}

// A cell is where a reading belongs.
type cell struct {
	name    string
	writers int
}

// compare runs the rounds and writes the tables.
func compare(dir string, rounds int, writers []int, match *regexp.Regexp, s span, out, progress io.Writer) error {
	size, err := entrySize(dir + "/size")
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(contestants), func(c contestant) bool { return !match.MatchString(c.name) })
	readings := make(map[cell][]reading)
	for round := range rounds {
		for _, w := range writers {
			// Another one first in each round: what drifts hits all alike.
			for i := range chosen {
				c := chosen[(i+round)%len(chosen)]
				if c.alone && w > 1 {
					continue
				}
				r, err := measure(c, dir, w, size, s)
				if err != nil {
					return fmt.Errorf("%s with %d writers: %w", c.name, w, err)
				}
				readings[cell{c.name, w}] = append(readings[cell{c.name, w}], r)
				fmt.Fprintf(progress, "round %d, %d writers, %s: %.0f/s, p50 %v, p99 %v, cpu %v\n", round+1, w, c.name, r.rate, r.p50, r.p99, r.cpu)
			}
		}
	}
	fmt.Fprintf(out, "Entries of %d bytes; medians of %d rounds of %v each.\n\n", size, rounds, s.measured)
	printRates(out, chosen, writers, readings)
	printGoals(out, chosen, readings)
	return nil
}
