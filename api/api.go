// Package api is the HTTP API of a node in Go: the types of its contract, a
// client, and the problems that it answers with. The contract is
// schemas/openapi.yaml, in Dutch; the types here are generated from it under
// English names.
//
// # How to use it
//
// [Dial] names the socket of a node; each method of [Client] is one operation.
// An answer that is no success comes back as a [*Problem], a node that does not
// answer as an [*Unreachable]. words.go pairs the Dutch words of the contract
// with the codes that the rest of the product uses.
//
// # What it does not know
//
// How a node works: it imports schemas of ours and nothing else, links neither
// libp2p nor Badger, and starts no goroutine of its own. The types hold personal
// data in the clear; whoever prints them shows it.
package api

//go:generate go tool -modfile=../scripts/tools.mod oapi-codegen -config generate.yaml -o api.gen.go ../schemas/openapi.yaml
//go:generate go tool -modfile=../scripts/tools.mod oapi-codegen -config server/generate.yaml -o server/server.gen.go ../schemas/openapi.yaml

// Version is the version of the contract, as API-Version names it.
const Version = "1.1.0"

// SocketName is the file in the directory of a node on which its API listens.
const SocketName = "sluis.sock"
