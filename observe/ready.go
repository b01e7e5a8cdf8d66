package observe

import (
	"net/http"
	"strings"

	"sluis/peer"
)

// ready tells whether the node can do its work: a line for each thing that it
// needs, 200 when it has all, 503 otherwise. An expired register, say, is nothing
// that a restart would mend: whoever restarts by itself should look at /healthz.
func (i *Instruments) ready(w http.ResponseWriter, _ *http.Request) {
	node := i.node.Load()
	if node == nil {
		answer(w, http.StatusServiceUnavailable, "no node: starting\n")
		return
	}
	status := http.StatusOK
	var text strings.Builder
	for _, need := range []struct {
		name string
		lack func(*Node) string
	}{{"store", i.storeLack}, {"register", i.registerLack}, {"recovery", recoveryLack}, {"disk", diskLack}} {
		if why := need.lack(node); why != "" {
			status = http.StatusServiceUnavailable
			text.WriteString("no " + need.name + ": " + why + "\n")
		} else {
			text.WriteString("ok " + need.name + "\n")
		}
	}
	answer(w, status, text.String())
}

func (i *Instruments) storeLack(n *Node) string {
	if _, err := n.Entries(0, 1); err != nil {
		return "stopped; start the node again"
	}
	return ""
}

func (i *Instruments) registerLack(n *Node) string {
	switch r := n.Register(); {
	case r == nil:
		return peer.NoRegister
	case !i.now().Before(r.Expires()):
		return peer.RegisterExpired
	}
	return ""
}

func recoveryLack(n *Node) string {
	switch r := n.Recovery(); {
	case r == nil:
		return ""
	case r.Behind():
		return peer.LedgerBehind
	}
	return peer.Recovering
}

func diskLack(n *Node) string {
	return n.Room()
}
