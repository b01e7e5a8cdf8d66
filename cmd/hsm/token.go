//go:build cgo

package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"

	"github.com/miekg/pkcs11"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// The key type and mechanism of Ed25519 (PKCS#11 v3.0, 2.3.5 and 2.3.10), which
// the binding does not name.
const (
	ckkECEdwards = 0x00000040
	ckmEdDSA     = 0x00001057
)

// A token is an SSH agent that signs with the Ed25519 keys of a PKCS#11 token, and
// does nothing else.
type token struct {
	ctx *pkcs11.Ctx

	mu      sync.Mutex // a session does one thing at a time
	session pkcs11.SessionHandle
	keys    []tokenKey

	broken chan error // the module failed; nothing is signed any more
}

type tokenKey struct {
	public  ssh.PublicKey
	private pkcs11.ObjectHandle
	label   string
}

// errPIN: what is needed is a person. A token locks itself after some wrong PINs, so
// none is tried that may be the last one.
var errPIN = errors.New("the PIN is needed from a person")

// openToken logs in to the token with a label, and finds its keys.
func openToken(module, label, pin string) (*token, error) {
	ctx := pkcs11.New(module)
	if ctx == nil {
		return nil, errors.New("the module can't be loaded")
	}
	if err := ctx.Initialize(); err != nil {
		return nil, fmt.Errorf("initialise the module: %v", err)
	}
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return nil, fmt.Errorf("list the tokens: %v", err)
	}
	for _, slot := range slots {
		info, err := ctx.GetTokenInfo(slot)
		if err != nil || info.Label != label {
			continue
		}
		switch {
		case info.Flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
			return nil, fmt.Errorf("%w: the token is locked; the security officer sets a new one", errPIN)
		case info.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
			return nil, fmt.Errorf("%w: one try is left before the token locks; log in by hand with the right one first", errPIN)
		}
		session, err := ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
		if err != nil {
			return nil, fmt.Errorf("open a session: %v", err)
		}
		if err := ctx.Login(session, pkcs11.CKU_USER, pin); err != nil {
			return nil, logInFault(err)
		}
		t := &token{ctx: ctx, session: session, broken: make(chan error, 1)}
		return t, t.find()
	}
	return nil, errors.New("there is no token with this label")
}

// logInFault tells a PIN that is not right from what may pass.
func logInFault(err error) error {
	var code pkcs11.Error
	if errors.As(err, &code) {
		switch uint(code) {
		case pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_EXPIRED, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_USER_PIN_NOT_INITIALIZED:
			return fmt.Errorf("%w: log in: %v", errPIN, err)
		}
	}
	return fmt.Errorf("log in: %v", err)
}

func (t *token) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.ctx.Finalize()
	t.ctx.Destroy()
}

// find lists the Ed25519 keys: a public and a private object with one CKA_ID.
func (t *token) find() error {
	publics, err := t.objects(pkcs11.CKO_PUBLIC_KEY)
	if err != nil {
		return err
	}
	for _, object := range publics {
		a, err := t.ctx.GetAttributeValue(t.session, object, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil), pkcs11.NewAttribute(pkcs11.CKA_ID, nil), pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil),
		})
		if err != nil {
			return fmt.Errorf("read a public key: %v", err)
		}
		// A point is a DER octet string of 32 bytes, or those bytes alone.
		point := bytes.TrimPrefix(a[0].Value, []byte{0x04, ed25519.PublicKeySize})
		if len(point) != ed25519.PublicKeySize {
			continue // another curve
		}
		private, err := t.objects(pkcs11.CKO_PRIVATE_KEY, pkcs11.NewAttribute(pkcs11.CKA_ID, a[1].Value))
		if err != nil {
			return err
		}
		if len(private) != 1 {
			continue
		}
		public, err := ssh.NewPublicKey(ed25519.PublicKey(bytes.Clone(point)))
		if err != nil {
			return err
		}
		t.keys = append(t.keys, tokenKey{public, private[0], string(a[2].Value)})
	}
	if len(t.keys) == 0 {
		return errors.New("the token has no Ed25519 key pair")
	}
	return nil
}

func (t *token) objects(class uint, more ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	template := append([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, uint(ckkECEdwards)),
	}, more...)
	if err := t.ctx.FindObjectsInit(t.session, template); err != nil {
		return nil, fmt.Errorf("look for keys: %v", err)
	}
	found, _, err := t.ctx.FindObjects(t.session, 64)
	return found, errors.Join(err, t.ctx.FindObjectsFinal(t.session))
}

// List implements agent.Agent.
func (t *token) List() (all []*agent.Key, err error) {
	for _, k := range t.keys {
		all = append(all, &agent.Key{Format: k.public.Type(), Blob: k.public.Marshal(), Comment: k.label})
	}
	return all, nil
}

// Sign implements agent.Agent.
func (t *token) Sign(key ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.keys {
		if !bytes.Equal(k.public.Marshal(), key.Marshal()) {
			continue
		}
		blob, err := t.sign(k, data)
		if err != nil {
			// A session that failed does not come back; the next process opens another.
			select {
			case t.broken <- fmt.Errorf("sign: %v", err):
			default:
			}
			return nil, err
		}
		return &ssh.Signature{Format: ssh.KeyAlgoED25519, Blob: blob}, nil
	}
	return nil, errors.New("no such key")
}

func (t *token) sign(k tokenKey, data []byte) ([]byte, error) {
	if err := t.ctx.SignInit(t.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(ckmEdDSA, nil)}, k.private); err != nil {
		return nil, err
	}
	return t.ctx.Sign(t.session, data)
}

var errOnlySigns = errors.New("this agent signs, and does nothing else")

// The rest of agent.Agent is refused.

// Add refuses.
func (t *token) Add(agent.AddedKey) error { return errOnlySigns }

// Remove refuses.
func (t *token) Remove(ssh.PublicKey) error { return errOnlySigns }

// RemoveAll refuses.
func (t *token) RemoveAll() error { return errOnlySigns }

// Lock refuses.
func (t *token) Lock([]byte) error { return errOnlySigns }

// Unlock refuses.
func (t *token) Unlock([]byte) error { return errOnlySigns }

// Signers refuses: keys do not leave the token.
func (t *token) Signers() ([]ssh.Signer, error) { return nil, errOnlySigns }
