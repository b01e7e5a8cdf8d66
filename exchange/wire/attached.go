package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"sluis/register"
)

// maxAttached bounds what comes along with one message.
const maxAttached = 160

// attachments takes the attachments off a token.
func attachments(token []byte) (rest []byte, parts [][]byte, err error) {
	rest, tail, found := bytes.Cut(token, []byte{'\n'})
	if !found {
		return rest, nil, nil
	}
	parts = bytes.Split(tail, []byte{'\n'})
	if len(parts) > maxAttached {
		return nil, nil, fault(MessageTooLarge)
	}
	return rest, parts, nil
}

// readPart reads a message that was signed by one party to another and is shown
// to us: to whom it went and how long it was offered is not ours to judge, who
// signed it when is.
func readPart(jws []byte, reg *register.Register, now time.Time) (Message, error) {
	m, c, signer, err := open(jws, reg)
	if err != nil {
		return Message{}, err
	}
	switch {
	case signer.OIN != m.From.OIN:
		return Message{}, fault(SenderMismatch)
	case m.At.After(now.Add(Skew)):
		return Message{}, fault(MessageClock)
	case !signer.ValidAt(m.At), signer.RevokedAt(now):
		return Message{}, fault(KeyStale)
	}
	return m, m.readAsPart(c.Body)
}

func (m *Message) readAsPart(body json.RawMessage) (err error) {
	m.part = true
	switch m.Kind {
	case Answer:
		var b answerBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.digests = b.Digests
		m.Answer.At = b.Decided.UTC()
		m.Answer.Conditions, err = m.policy(b.Policy)
		return err
	case Passing, Permission, Correction:
		return m.readOnward(body, nil)
	}
	return fault(MessageSchema)
}

// matches holds that what is attached is what the signed part names, in its
// order, and of the kind that belongs in each place.
func (m *Message) matches(named []Digest, kinds []Kind) error {
	if len(named) != len(m.Attached) {
		return fault(MessageSchema)
	}
	for n, a := range m.Attached {
		if a.Digest != named[n] || a.Kind != kinds[n] {
			return fault(MessageSchema)
		}
	}
	return nil
}

// each is a kind, as often as there are places for it.
func each(k Kind, places []Digest) []Kind { return slices.Repeat([]Kind{k}, len(places)) }
