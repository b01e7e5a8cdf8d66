//go:build cgo

// Sluis hsm (sluis-hsm) lets a node sign with an Ed25519 key in hardware: it opens a
// PKCS#11 module and answers on a socket, in the protocol of SSH agents. It is a
// program of its own since a module is a C library, and the node is one static
// file without C; so a fault in the library of a vendor is not in the process that
// holds the dossiers.
//
//	sluis-hsm --module /usr/lib/softhsm/libsofthsm2.so --token sluis --pin-file pin --socket /run/sluis-hsm/socket
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh/agent"
)

func main() {
	module := flag.String("module", "", "PKCS#11 module, a shared library")
	token := flag.String("token", "", "label of the token")
	pinFile := flag.String("pin-file", "", "file with the PIN of the token")
	socket := flag.String("socket", "", "socket to answer on")
	flag.Parse()
	if err := serve(*module, *token, *pinFile, *socket); err != nil {
		fmt.Fprintln(os.Stderr, "sluis-hsm:", err)
		os.Exit(1)
	}
}

func serve(module, token, pinFile, socket string) error {
	if module == "" || token == "" || pinFile == "" || socket == "" {
		return errors.New("give --module, --token, --pin-file and --socket")
	}
	pin, err := os.ReadFile(pinFile)
	if err != nil {
		return err
	}
	t, err := openToken(module, token, strings.TrimRight(string(pin), "\r\n"))
	if err != nil {
		return err
	}
	defer t.close()
	// Only the account that runs this, which is that of the node, may connect.
	before := syscall.Umask(0o177)
	l, err := net.Listen("unix", socket)
	syscall.Umask(before)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		_ = l.Close()
	}()
	fmt.Println("ready")
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			_ = agent.ServeAgent(t, conn) // it ends with the connection
		}()
	}
}
