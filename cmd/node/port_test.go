package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// lastPort is the port that was tried last, so that no two tests are given the same.
var lastPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(10000 + rand.Int64N(3000))
	return &n
}()

// portBelow finds a port of loopback on which nobody listens, below those that the
// system gives to outgoing connections, which could take it while a node is down, and
// below those of test networks.
func portBelow() (int, error) {
	for range 50 {
		port := int(lastPort.Add(1))
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("found no port that is free")
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := portBelow()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// freeIn is a free port in a script.
func freeIn(ts *testscript.TestScript) int {
	port, err := portBelow()
	ts.Check(err)
	return port
}
