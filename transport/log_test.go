package transport

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	logging "github.com/libp2p/go-libp2p/gologshim"
)

// A process of its own opens hosts, one of which fails, and is refused: nothing
// may be on its standard error.
func TestNothingOnStandardError(t *testing.T) {
	if os.Getenv("TRANSPORT_TEST_CHILD") != "" {
		asker, answerer := open(t, config("asker", "")), open(t, config("answerer", wires["quic"]))
		acquaint(t, asker, answerer)
		if _, err := asker.Send(soon(t), answerer.ID(), echo, nil); err != nil {
			t.Error(err)
		}
		if err := answerer.SetPeers(nil); err != nil {
			t.Error(err)
		}
		_, err := asker.Send(soon(t), answerer.ID(), echo, nil)
		wants(t, err, ErrRefusedByPeer)
		if h, err := Open(config("third", "/ip4/192.0.2.1/tcp/1")); err == nil {
			_ = h.Close()
			t.Error("listens on the address of another")
		}
		logging.Logger("test-subsystem").Error("something is wrong", "err", errors.New("with 192.0.2.1"))
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestNothingOnStandardError$", "-test.v")
	child.Env = append(os.Environ(), "TRANSPORT_TEST_CHILD=1", quietBuffers+"=") // not from hosts of this process
	var out, errs strings.Builder
	child.Stdout, child.Stderr = &out, &errs
	if err := child.Run(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	if errs.Len() > 0 {
		t.Errorf("standard error has:\n%s", errs.String())
	}
}

// What libp2p logs arrives without addresses and without the texts of errors.
func TestLibp2pLogsDiscreetly(t *testing.T) {
	to := &lines{}
	log := slog.New(discreet{slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug})}).With("logger", "swarm2", "addr", "/ip4/192.0.2.1/tcp/1")
	log.Debug("chatter")
	log.Info("chatter")
	log.Warn("failed to close", "peer", "12D3KooWsomebody", "err", errors.New("at 192.0.2.1"), "remote_multiaddr", "/ip4/192.0.2.1/tcp/1")
	log.WithGroup("g").Error("worse", "to", "192.0.2.1")
	got := to.String()
	for _, gone := range []string{"chatter", "192.0.2"} {
		if strings.Contains(got, gone) {
			t.Errorf("%q was logged:\n%s", gone, got)
		}
	}
	for _, kept := range []string{"libp2p: failed to close", "12D3KooWsomebody", "swarm2", "libp2p: worse"} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q was not logged:\n%s", kept, got)
		}
	}
}

// A host without a log is silent, and one with a log logs refusals to it.
func TestDebugTellsTheCause(t *testing.T) {
	to := &lines{}
	cfg := config("asker", "")
	cfg.Log = slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
	asker := open(t, cfg)
	id := peerID(t, "nobody")
	if err := asker.SetPeers([]Peer{{ID: id}}); err != nil {
		t.Fatal(err)
	}
	_, err := asker.Send(soon(t), id, echo, nil)
	wants(t, err, ErrUnreachable)
	if !strings.Contains(to.String(), "no addresses") || !strings.Contains(to.String(), id) {
		t.Errorf("the log does not tell the cause:\n%s", to)
	}
}
