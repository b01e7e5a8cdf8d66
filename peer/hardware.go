package peer

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	sluiscrypto "sluis/crypto"
)

// Signing says where the key is with which messages are signed.
type Signing struct {
	// Agent is the socket of a program that signs with a key in hardware, over the
	// protocol of SSH agents (draft-ietf-sshm-ssh-agent): sluis-hsm for a PKCS#11
	// module, or any other that has Ed25519 keys. Default: none, the key is in the
	// keystore.
	Agent string `toml:"agent"`
	// Keys are the IDs of the keys of the agent that are the node's (sluis keys list).
	// Each of them is a signing key of the node as soon as the register lists it. Default:
	// all that the agent has, which must then have no key for anything else.
	Keys []string `toml:"keys"`
}

// agentTime bounds one question to an agent.
const agentTime = 10 * time.Second

// A heldInHardware signs with a key that an agent has.
type heldInHardware struct {
	socket string
	public ed25519.PublicKey
}

type hardware []heldInHardware

func (h hardware) all() []heldInHardware { return h }

// openHardware asks an agent which Ed25519 keys it has. A node that was told to
// use one does not start without it: it would sign with another key.
func openHardware(s Signing) (hardware, error) {
	if s.Agent == "" {
		return nil, nil
	}
	var found hardware
	err := askAgent(s.Agent, func(a agent.Agent) error {
		keys, err := a.List()
		if err != nil {
			return err
		}
		for _, k := range keys {
			parsed, err := ssh.ParsePublicKey(k.Blob)
			if err != nil || parsed.Type() != ssh.KeyAlgoED25519 {
				continue
			}
			public, ok := parsed.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey)
			if ok && (len(s.Keys) == 0 || slices.Contains(s.Keys, sluiscrypto.KeyID(public))) {
				found = append(found, heldInHardware{s.Agent, public})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: signing.agent has no Ed25519 key, or none of signing.keys", configFile)
	}
	for _, id := range s.Keys {
		if !slices.ContainsFunc(found, func(h heldInHardware) bool { return sluiscrypto.KeyID(h.public) == id }) {
			return nil, fmt.Errorf("%s: signing.agent does not have the key %s of signing.keys", configFile, id)
		}
	}
	return found, nil
}

// askAgent connects for one question, so that an agent that was restarted is found
// again.
func askAgent(socket string, do func(agent.Agent) error) error {
	conn, err := net.DialTimeout("unix", socket, agentTime)
	if err != nil {
		return fault(NoHardware)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(agentTime)); err != nil {
		return err
	}
	if err := do(agent.NewClient(conn)); err != nil {
		return fault(NoHardware)
	}
	return nil
}

// Public implements crypto.Signer.
func (h heldInHardware) Public() crypto.PublicKey { return h.public }

// Sign implements crypto.Signer, for a message and not for its digest. What the
// agent returns is checked: a fault in hardware must not leave the node.
func (h heldInHardware) Sign(_ io.Reader, message []byte, o crypto.SignerOpts) ([]byte, error) {
	if o.HashFunc() != 0 {
		return nil, errors.New("sign: Ed25519 signs messages, not digests")
	}
	key, err := ssh.NewPublicKey(h.public)
	if err != nil {
		return nil, err
	}
	var signature *ssh.Signature
	if err := askAgent(h.socket, func(a agent.Agent) (err error) {
		signature, err = a.Sign(key, message)
		return err
	}); err != nil {
		return nil, err
	}
	if signature.Format != ssh.KeyAlgoED25519 || !ed25519.Verify(h.public, message, signature.Blob) {
		return nil, fault(NoHardware)
	}
	return signature.Blob, nil
}

func kidOfSigner(s sluiscrypto.Signer) string {
	public, _ := s.Public().(ed25519.PublicKey)
	return sluiscrypto.KeyID(public)
}
