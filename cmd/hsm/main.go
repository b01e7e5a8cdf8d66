//go:build cgo

// Sluis hsm (sluis-hsm) lets a node sign with an Ed25519 key in hardware: it opens a
// PKCS#11 module and answers on a socket, in the protocol of SSH agents. It is a
// program of its own since a module is a C library, and the node is one static
// file without C; so a fault in the library of a vendor is not in the process that
// holds the dossiers.
//
//	sluis-hsm --module /usr/lib/softhsm/libsofthsm2.so --token sluis --pin-file pin --socket /run/sluis-hsm/socket
//
// It ends with status 7 where a restart does not help and may lock the token: the
// PIN is not right, or is not to be tried. After a fault of the module it ends with
// status 1, and whoever runs it starts it again: a device that was taken out and put
// back has other handles.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh/agent"
)

// needsPerson is the exit status of what a restart does not mend, as of sluis.
const needsPerson = 7

func main() {
	module := flag.String("module", "", "PKCS#11 module, a shared library")
	token := flag.String("token", "", "label of the token")
	pinFile := flag.String("pin-file", "", "file with the PIN of the token")
	socket := flag.String("socket", "", "socket to answer on")
	mode := flag.String("socket-mode", "600", "who may connect: 600 for this account alone, 660 for its group too")
	flag.Parse()
	if err := serve(*module, *token, *pinFile, *socket, *mode); err != nil {
		fmt.Fprintln(os.Stderr, "sluis-hsm:", err)
		if errors.Is(err, errPIN) {
			os.Exit(needsPerson)
		}
		os.Exit(1)
	}
}

func serve(module, token, pinFile, socket, mode string) error {
	if module == "" || token == "" || pinFile == "" || socket == "" {
		return errors.New("give --module, --token, --pin-file and --socket")
	}
	if mode != "600" && mode != "660" {
		return errors.New("--socket-mode is 600 or 660")
	}
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return err
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
	// What a process that was killed left there answers nobody.
	if info, err := os.Lstat(socket); err == nil && info.Mode().Type() == os.ModeSocket {
		if err := os.Remove(socket); err != nil {
			return err
		}
	}
	before := syscall.Umask(0o777 &^ int(bits))
	l, err := net.Listen("unix", socket)
	syscall.Umask(before)
	if err != nil {
		return err
	}
	defer l.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			go func() {
				defer conn.Close()
				_ = agent.ServeAgent(t, conn) // it ends with the connection
			}()
		}
	}()
	fmt.Println("ready")
	if err := notifySystemd(); err != nil {
		return err
	}
	select {
	case <-stop:
		return nil
	case err := <-ended:
		return err
	case err := <-t.broken:
		return err
	}
}

// notifySystemd says that the socket is there (sd_notify, Type=notify), where systemd
// asked for it.
func notifySystemd() error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte("READY=1"))
	return errors.Join(err, conn.Close())
}
