package main

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tiny is enough to see that everything still works, and no measurement.
var tiny = span{warm: time.Millisecond, measured: 20 * time.Millisecond}

// Each contestant has, when it is opened again, what it acknowledged.
func TestContestants(t *testing.T) {
	for _, c := range contestants {
		for _, writers := range []int{1, 8} {
			if c.alone && writers > 1 {
				continue
			}
			dir := filepath.Join(t.TempDir(), "log")
			a, err := c.open(dir, writers)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			_, acknowledged, err := drive(a, writers, 100, tiny)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if err := a.Close(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if n, err := c.count(dir); n != acknowledged || err != nil {
				t.Errorf("%s: %d entries were acknowledged, %d are there, %v", c.name, acknowledged, n, err)
			}
		}
	}
}

// The tables name every contestant and every goal.
func TestCompare(t *testing.T) {
	var out bytes.Buffer
	ours := regexp.MustCompile("store.Write|plain|engine")
	if err := compare(t.TempDir(), 1, []int{1, 256}, ours, tiny, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{nameOurs, nameLimit, nameFsync, "of the limit |", "within 1.3"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

func TestGrowth(t *testing.T) {
	var out bytes.Buffer
	if err := growth(t.TempDir(), 12_000, 1, tiny, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") != 7 || !strings.Contains(out.String(), "at 12,000") {
		t.Errorf("the report is:\n%s", &out)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want int
	}{{[]int{3}, 3}, {[]int{9, 1, 5}, 5}, {[]int{4, 1, 3, 2}, 2}} {
		if got := median(c.in); got != c.want {
			t.Errorf("median of %v is %d, want %d", c.in, got, c.want)
		}
	}
}
