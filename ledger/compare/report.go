package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// printRates writes the table of all contestants.
func printRates(out io.Writer, chosen []contestant, writers []int, readings map[cell][]reading) {
	head, line := "| |", "|---|"
	for _, w := range writers {
		head += fmt.Sprintf(" %d: appends/s | p50 | CPU |", w)
		line += "--:|--:|--:|"
	}
	fmt.Fprintf(out, "%s\n%s\n", head, line)
	for _, c := range chosen {
		row := "| " + c.name + " |"
		for _, w := range writers {
			all := readings[cell{c.name, w}]
			if len(all) == 0 {
				row += " | | |"
				continue
			}
			rate := median(column(all, func(r reading) float64 { return r.rate }))
			p50 := median(column(all, func(r reading) time.Duration { return r.p50 }))
			cpu := median(column(all, func(r reading) time.Duration { return r.cpu }))
			row += fmt.Sprintf(" %s | %s | %s |", thousands(rate), short(p50), short(cpu))
		}
		fmt.Fprintln(out, row)
	}
	fmt.Fprintln(out)
	for _, c := range chosen {
		fmt.Fprintf(out, "- %s: acknowledged when durable: %s.\n", c.name, c.durable)
	}
}

// printGoals writes our ratios. A ratio is taken within a round, where both ran
// within seconds of each other, and then the median of the rounds.
func printGoals(out io.Writer, chosen []contestant, readings map[cell][]reading) {
	const few, many = 1, 256
	fmt.Fprint(out, "\n| goal | median | of the rounds | |\n|---|--:|--:|---|\n")
	rate := func(r reading) float64 { return r.rate }
	goal(out, "256 writers: at least 0.5 of the limit", readings, cell{nameOurs, many}, cell{nameLimit, many}, rate,
		func(x float64) bool { return x >= 0.5 })
	for _, c := range chosen {
		if c.name != nameOurs && !c.bound {
			goal(out, "256 writers: ahead of "+c.name, readings, cell{nameOurs, many}, cell{c.name, many}, rate,
				func(x float64) bool { return x > 1 })
		}
	}
	goal(out, "256 writers, no goal: of the limit of our engine", readings, cell{nameOurs, many}, cell{nameEngine, many}, rate, nil)
	within := func(x float64) bool { return x <= 1.3 }
	goal(out, "1 writer: time per append within 1.3 of one fdatasync", readings, cell{nameFsync, few}, cell{nameOurs, few}, rate, within)
	goal(out, "1 writer: the same, of the median appends", readings, cell{nameOurs, few}, cell{nameFsync, few},
		func(r reading) float64 { return float64(r.p50) }, within)
	for _, c := range chosen {
		if c.name != nameOurs && !c.alone && c.name != nameLimit {
			goal(out, "1 writer, no goal: our rate by that of "+c.name, readings, cell{nameOurs, few}, cell{c.name, few}, rate, nil)
		}
	}
}

// goal writes the ratio of one cell to another.
func goal(out io.Writer, what string, readings map[cell][]reading, over, under cell, of func(reading) float64, reached func(float64) bool) {
	a, b := readings[over], readings[under]
	if len(a) == 0 || len(a) != len(b) {
		return
	}
	fmt.Fprintf(out, "| %s | %s |\n", what, judged(ratios(a, b, of), reached))
}

func ratios(over, under []reading, of func(reading) float64) []float64 {
	all := make([]float64, len(over))
	for i := range over {
		all[i] = of(over[i]) / of(under[i])
	}
	return all
}

// judged is median, range and verdict, as three columns.
func judged(ratios []float64, reached func(float64) bool) string {
	verdict := ""
	if reached != nil {
		verdict = "missed"
		if reached(median(ratios)) {
			verdict = "reached"
		}
	}
	return fmt.Sprintf("%.2f | %.2f – %.2f | %s", median(ratios), slices.Min(ratios), slices.Max(ratios), verdict)
}

func column[T any](all []reading, of func(reading) T) []T {
	values := make([]T, len(all))
	for i, r := range all {
		values[i] = of(r)
	}
	return values
}

// short rounds to three digits.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return strings.Replace(d.Round(unit).String(), "µs", " µs", 1)
}

func thousands(x float64) string {
	s := fmt.Sprintf("%.0f", x)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
