// Package testnet runs a whole network on one machine: a register authority and
// a handful of invented organisations, each a real node with its own directory,
// keys, database, ledger and libp2p host on loopback.
//
// [Start] makes or reopens a network. [Scenarios] are stories that an alderman
// can read; a [Player] plays them, through the HTTP API of each node and
// nothing else, and [Net.Verify] compares afterwards what both sides and both
// ledgers hold. The command line, the tests and, later, the load and the
// simulation use the same network and the same stories.
//
// The package may know every room, since it puts nodes together; a player may
// know package api alone. Nothing in the product may know testnet. Its people
// and organisations do not exist: their numbers come from the ranges that are
// reserved for tests, and its keys lie in a file beside what they open, so it
// must never hold anything real.
package testnet
