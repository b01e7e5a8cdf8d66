// Package signin proves who somebody is who comes to the web console, and
// remembers it for a while. What he may do it does not know: that is package
// exchange's.
//
//   - [Door.SignInPassword], the passkeys ([Door.Passkeys]) and the identity
//     provider ([Door.BeginProvider], [Door.Callback]) each end in a [Session].
//   - [Door.Session] finds the session of a request; every page begins with it.
//   - [Door.Invite], [Door.Link] and [Door.Withdraw] are for who administers.
//
// Sessions, failed attempts and what is half done live in memory: a restart
// signs everybody out. What people prove themselves with is in the store, sealed.
// There is no HTML here, and no form: package console has those, and must refuse
// requests that come from other sites (net/http.CrossOriginProtection).
//
// Nothing that was typed at this door is written anywhere but, hashed, in the
// account that it opens.
package signin

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"sluis/exchange"
	"sluis/peer"
)

// Options are what a [Door] needs beside its configuration.
type Options struct {
	// Dir is the directory of the node, to which file names are relative.
	Dir string
	// Now is the clock; nil means the system's.
	Now func() time.Time
	Log *slog.Logger
	// Problem answers a request of the passkeys' script with what went wrong; nil
	// means a bare application/problem+json with status and code.
	Problem Problem
}

// A Door is where people come in. Its methods may be called at the same time.
type Door struct {
	node    *peer.Node
	config  peer.Console
	origin  *url.URL
	now     func() time.Time
	log     *slog.Logger
	problem Problem

	sessions *sessions
	attempts *attempts
	guard    *guard
	hashing  chan struct{} // holds a token for each password that is being hashed
	linking  sync.Mutex    // held while it is made sure that a link is to one account

	passkeys *webauthn.WebAuthn // nil where there are none
	provider *provider          // nil where there is none
}

// New makes a door for a node that is open. The configuration must name a
// public URL.
func New(node *peer.Node, c peer.Console, o Options) (*Door, error) {
	origin, err := url.Parse(c.PublicURL)
	if err != nil || origin.Hostname() == "" {
		return nil, errors.New("console.public_url is missing")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Problem == nil {
		o.Problem = plainProblem
	}
	d := &Door{
		node: node, config: c, origin: origin, now: o.Now, log: o.Log, problem: o.Problem,
		sessions: newSessions(time.Duration(c.Idle), time.Duration(c.Longest)),
		attempts: newAttempts(), guard: newGuard(), hashing: make(chan struct{}, atOnce),
	}
	if d.passkeys, err = d.relyingParty(); err != nil {
		return nil, err
	}
	if c.OIDC.Issuer != "" {
		if d.provider, err = newProvider(c, o); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// HasLocal, HasPasskeys and HasProvider say by what one can sign in here, for
// the page that offers it. A passkey is bound to a name, so there are none where
// the public URL has an address for a host (WebAuthn §5.1.2, effective domain).
func (d *Door) HasLocal() bool    { return d.config.LocalAccounts }
func (d *Door) HasPasskeys() bool { return d.passkeys != nil }
func (d *Door) HasProvider() bool { return d.provider != nil }

// Run writes each minute to the ledger what was refused, until ctx is done, and
// then once more.
func (d *Door) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := d.Flush(ctx); err != nil && ctx.Err() == nil {
				d.log.Error("refused sign-ins are not in the ledger yet", "error", err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return d.Flush(last)
		}
	}
}

// Flush writes to the ledger what was refused since the last time: one entry
// for each person and method, and one for each method for all who were not
// recognised. Refusals are counted first and written later, so that an answer
// does not take longer for somebody who exists.
func (d *Door) Flush(ctx context.Context) error {
	d.sessions.sweep(d.now())
	d.attempts.sweep(d.now())
	notes := d.guard.takeNotes(d.now())
	for at, n := range notes {
		s := peer.SignIn{Who: at.who, Method: at.method, Outcome: peer.SignInRefused, Count: n}
		if err := d.node.RecordSignIn(ctx, s, nil); err != nil {
			d.guard.giveBack(notes)
			return err
		}
		delete(notes, at)
	}
	return nil
}

// present finds a member of staff who works here now.
func (d *Door) present(ctx context.Context, id exchange.ActorID) (exchange.Actor, error) {
	a, err := d.node.StaffMember(ctx, id)
	if err != nil {
		return exchange.Actor{}, err
	}
	if !a.Ended.IsZero() {
		return exchange.Actor{}, &exchange.Refusal{Code: exchange.ActorEnded}
	}
	return a, nil
}

// isAddress reports whether the host of a URL is an IP address.
func isAddress(u *url.URL) bool {
	_, err := netip.ParseAddr(u.Hostname())
	return err == nil
}
