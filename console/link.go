package console

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"sluis/console/signin"
	"sluis/exchange"
)

// linkLife is how long a link of a test network signs in.
const linkLife = 24 * time.Hour

// links sign somebody in without more, on a test network only.
type links struct {
	now func() time.Time

	mu  sync.Mutex
	all map[[sha256.Size]byte]link // by the SHA-256 of the secret
}

type link struct {
	session
	made time.Time
}

func newLinks(now func() time.Time) *links {
	return &links{now: now, all: map[[sha256.Size]byte]link{}}
}

func (l *links) find(secret string) (session, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	to, ok := l.all[sha256.Sum256([]byte(secret))]
	return to.session, ok && l.now().Sub(to.made) <= linkLife
}

// Link makes a path that signs somebody in without more, for one hat and role.
// It is for a test network only, and for a day.
func (c *Console) Link(actor exchange.ActorID, hat exchange.CapacityCode, role exchange.Role) string {
	secret := rand.Text()
	c.links.mu.Lock()
	defer c.links.mu.Unlock()
	c.links.all[sha256.Sum256([]byte(secret))] = link{session{actor: actor, hat: hat, role: role}, c.now()}
	return signin.SignInPath + "/" + secret
}

// EndSessions lets every session run out, as when nobody did anything for a while.
func (c *Console) EndSessions() { c.door.Lapse() }
