package main

import (
	"io"
	"math/rand/v2"
)

// An appender is a log that is open. Append returns when the entry is durable,
// by the rule that the contestant states.
type appender interface {
	Append(entry []byte) error
	io.Closer
}

// A contestant is a way to append entries durably.
type contestant struct {
	name string

	// durable says what an Append that returned nil has waited for.
	durable string

	// open makes an empty log in dir, tuned for so many writers.
	open func(dir string, writers int) (appender, error)

	// count opens the log again and returns how many entries it holds.
	count func(dir string) (uint64, error)

	alone bool // takes one writer only
	bound bool // not a log that anybody could use, but what bounds one
}

const (
	nameOurs   = "sluis `store.Write`"
	nameEngine = "Badger, group commit (the limit of our engine)"
	nameLimit  = "plain file, group commit (the limit)"
	nameFsync  = "plain file, one fdatasync each (the floor)"
)

// contestants are all of them, ours first.
var contestants = []contestant{
	{name: nameOurs, durable: durableOurs, open: openOurs, count: countOurs},
	{name: "Tessera POSIX", durable: durableTessera, open: openTessera, count: countTessera},
	{name: "immudb embedded store", durable: durableImmudb, open: openImmudb, count: countImmudb},
	{name: "Badger, a transaction each", durable: durableBadger, open: openBadger, count: countBadger},
	{name: nameEngine, durable: durableEngine, open: openEngine, count: countBadger, bound: true},
	{name: nameLimit, durable: durableGroup, open: openGroup, count: countFile, bound: true},
	{name: nameFsync, durable: durableEach, open: openEach, count: countFile, alone: true, bound: true},
}

// payload returns bytes that do not compress: what is sealed does not either.
func payload(seed uint64, size int) []byte {
	b := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = source.Read(b) // never fails
	return b
}
