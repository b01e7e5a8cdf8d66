//go:build !linux

package store

import (
	"math"
	"os"
)

// syncData makes what was written to a file durable.
func syncData(f *os.File) error { return f.Sync() }

// lock does nothing here; the database has a lock of its own.
func lock(*os.File) error { return nil }

// freeBytes is not known here: a node that is meant to last runs on Linux.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }

// releasePages does nothing here.
func releasePages(string) {}
