package peer

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/register"
	"sluis/store"
)

// Premises is a node as it can be looked at without its help: its directory and
// the machine that it stands on.
type Premises struct {
	Dir string
	// Up says that the node runs.
	Up bool
	// Lock is tried on the keystore, when it is there.
	Lock *crypto.Lock
	// Secrets are files outside the directory that only the node may read.
	Secrets []string
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Kept tells whether something keeps the clock right, where the system knows;
	// nil asks the system.
	Kept func() (kept, known bool)
}

// Look checks what can be seen from outside: configuration, permissions, disk,
// ports, relays of a node that is stopped, certificate, register, keys and backup. What only a node that runs can
// tell, [Node.Diagnose] does.
func (p Premises) Look() []Check {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Kept == nil {
		p.Kept = clockKept
	}
	if newer := (*store.Newer)(nil); errors.As(checkStorage(p.Dir), &newer) {
		return []Check{found(storageNewer, "found", strconv.Itoa(newer.Found), "known", strconv.Itoa(newer.Known))}
	}
	id, err := ReadIdentity(p.Dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []Check{found(nodeDenied, "dir", p.Dir)}
	case errors.Is(err, &Fault{Code: NoNode}):
		return []Check{found(nodeMissing, "dir", p.Dir)}
	case err != nil:
		return []Check{found(configBad, "what", err.Error())}
	}
	config, err := ReadConfig(filepath.Join(p.Dir, configFile))
	if err != nil {
		// Nothing else can be said of it: which disk, which ports.
		return append([]Check{found(configBad, "what", err.Error())}, p.permissions(nil)...)
	}
	checks := []Check{found(configOK)}
	checks = append(checks, p.permissions(config.secrets(p.Dir))...)
	checks = append(checks, p.keystore()...)
	checks = append(checks, p.disk(config)...)
	checks = append(checks, p.ports(config)...)
	checks = append(checks, p.relays(config)...)
	checks = append(checks, p.certificate(config.Console)...)
	reg, ofRegister := p.register(id)
	checks = append(checks, ofRegister...)
	checks = append(checks, p.clock(reg)...)
	return append(checks, p.backup(config, id)...)
}

// secrets lists the files that the configuration names and nobody else may read.
func (c Config) secrets(dir string) (all []string) {
	for _, path := range []string{c.Logboek.HeadersFile, c.Console.TLSKey, c.Console.OIDC.SecretFile, c.Console.OIDC.KeyFile} {
		if path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		all = append(all, path)
	}
	return all
}

// permissions looks whether others can read what is the node's. Its directory is
// closed to them, and so is what is in it, whatever the modes there say.
func (p Premises) permissions(secrets []string) (checks []Check) {
	top, err := os.Stat(p.Dir)
	if err != nil {
		return []Check{found(nodeDenied, "dir", p.Dir)}
	}
	if top.Mode().Perm()&0o077 != 0 {
		checks = append(checks, found(permissionsOpen, "path", p.Dir))
	}
	for _, path := range append(slices.Clone(secrets), p.Secrets...) {
		// A file elsewhere may belong to root, who hands it over as a credential,
		// and may be reached by a link; what counts is who can read it.
		if info, err := os.Stat(path); err == nil && !inside(p.Dir, path) && info.Mode().Perm()&0o077 != 0 {
			checks = append(checks, found(permissionsOpen, "path", path))
		}
	}
	owner, _ := ownerOf(top)
	err = filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the node works
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if who, known := ownerOf(info); known && who != owner {
			checks = append(checks, found(permissionsOwner, "path", path, "dir", p.Dir))
			return fs.SkipAll // one command sets all of them right
		}
		return nil
	})
	if err != nil {
		return append(checks, found(nodeDenied, "dir", p.Dir))
	}
	if len(checks) == 0 {
		checks = []Check{found(permissionsOK)}
	}
	return checks
}

// inside reports whether a path is of a file within a directory.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (p Premises) keystore() []Check {
	if p.Lock == nil {
		return nil
	}
	if _, err := openKeystore(p.Dir, *p.Lock); err != nil {
		return []Check{found(keystoreLocked)}
	}
	return []Check{found(keystoreOK)}
}

func (p Premises) disk(c Config) []Check {
	free, err := store.FreeOn(p.Dir)
	if err != nil {
		return []Check{found(nodeDenied, "dir", p.Dir)}
	}
	if !writable(p.Dir) {
		return []Check{found(diskReadOnly, "dir", p.Dir)}
	}
	code := diskOK
	switch reserve := c.Limits.MinFreeBytes; {
	case free < reserve:
		code = diskReserve
	case free < 2*reserve:
		code = diskLow
	}
	return []Check{found(code, "free", sizeText(free), "reserve", sizeText(c.Limits.MinFreeBytes), "dir", p.Dir)}
}

// A socket is an address to listen on: "tcp" or "udp", host and port.
type socket struct{ network, address string }

// sockets lists on what a node listens. A multiaddress of another form than
// these is for the network to read.
func (c Config) sockets() (all []socket) {
	for _, text := range c.Listen {
		parts := strings.Split(text, "/")
		if len(parts) < 5 || parts[1] != "ip4" && parts[1] != "ip6" || parts[3] != "tcp" && parts[3] != "udp" || parts[3] == "udp" && !c.QUIC {
			continue
		}
		all = append(all, socket{parts[3], net.JoinHostPort(parts[2], parts[4])})
	}
	for _, address := range []string{c.Console.Listen, c.Mirror.Listen} {
		if address != "" {
			all = append(all, socket{"tcp", address})
		}
	}
	return all
}

// ports looks whether the node listens where it should, or could.
func (p Premises) ports(c Config) (checks []Check) {
	for _, s := range c.sockets() {
		_, text, err := net.SplitHostPort(s.address)
		port, atoi := strconv.Atoi(text)
		if err != nil || atoi != nil || port == 0 {
			continue // any free one
		}
		name := s.network + " " + s.address
		switch {
		case p.Up:
			checks = append(checks, s.answers(name))
		case port < firstPort() && !p.ofRoot():
			checks = append(checks, found(portPrivileged, "address", name, "first", strconv.Itoa(firstPort())))
		default:
			checks = append(checks, s.opens(name))
		}
	}
	return checks
}

// ofRoot reports whether the node runs as root, as its directory tells.
func (p Premises) ofRoot() bool {
	info, err := os.Stat(p.Dir)
	if err != nil {
		return false
	}
	owner, known := ownerOf(info)
	return known && owner == 0
}

const connectTime = 3 * time.Second

// answers looks whether the node that runs listens. On UDP nothing answers to a
// stranger, so there it looks whether the address is taken.
func (s socket) answers(name string) Check {
	if s.network == "udp" {
		if s.opens(name).Code == portFree {
			return found(portClosed, "address", name)
		}
		return found(portOK, "address", name)
	}
	host, port, _ := net.SplitHostPort(s.address)
	switch ip := net.ParseIP(host); {
	case ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case host == "" || ip != nil && ip.IsUnspecified():
		host = "localhost"
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), connectTime)
	if err != nil {
		return found(portClosed, "address", name)
	}
	_ = conn.Close()
	return found(portOK, "address", name)
}

// opens looks whether a node could listen.
func (s socket) opens(name string) Check {
	var err error
	if s.network == "udp" {
		var l net.PacketConn
		if l, err = net.ListenPacket("udp", s.address); err == nil {
			err = l.Close()
		}
	} else {
		var l net.Listener
		if l, err = net.Listen("tcp", s.address); err == nil {
			err = l.Close()
		}
	}
	if err != nil {
		return found(portTaken, "address", name)
	}
	return found(portFree, "address", name)
}

// certificateNotice is how long before its end somebody should know that a
// certificate was not renewed. Those that renew themselves do so a month before.
const certificateNotice = 14 * 24 * time.Hour

// certificate looks at the certificate of the console, where it has one.
func (p Premises) certificate(c Console) []Check {
	if c.Listen == "" || c.TLSCert == "" {
		return nil
	}
	within := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(p.Dir, path)
	}
	pair, err := tls.LoadX509KeyPair(within(c.TLSCert), within(c.TLSKey))
	if err != nil || pair.Leaf == nil {
		return []Check{found(certificateBad)}
	}
	var checks []Check
	now, from, until := p.Now(), pair.Leaf.NotBefore, pair.Leaf.NotAfter
	code := certificateOK
	switch {
	case now.Before(from) || !now.Before(until):
		code = certificateEnded
	case now.Add(certificateNotice).After(until):
		code = certificateSoon
	}
	checks = append(checks, found(code, "from", stamp(from), "until", stamp(until)))
	if at, err := url.Parse(c.PublicURL); err == nil && pair.Leaf.VerifyHostname(at.Hostname()) != nil {
		checks = append(checks, found(certificateName, "host", at.Hostname()))
	}
	return checks
}

// register looks at the newest register on the disk, and at what it says of the
// node. It is nil when there is none that holds.
func (p Premises) register(id Identity) (*register.Register, []Check) {
	var newest uint64
	files, err := os.ReadDir(filepath.Join(p.Dir, registerDir))
	if err != nil {
		return nil, []Check{found(nodeDenied, "dir", filepath.Join(p.Dir, registerDir))}
	}
	for _, f := range files {
		if version, err := strconv.ParseUint(strings.TrimSuffix(f.Name(), ".json"), 10, 64); err == nil {
			newest = max(newest, version)
		}
	}
	if newest == 0 {
		return nil, []Check{found(registerNone)}
	}
	path := filepath.Join(p.Dir, registerDir, strconv.FormatUint(newest, 10)+".json")
	bad := []Check{found(registerBad, "path", path)}
	bundle, err := os.ReadFile(path)
	if err != nil {
		return nil, bad
	}
	pin, err := readPin(p.Dir)
	if err != nil {
		return nil, bad
	}
	reg, err := register.Reopen(pin, bundle)
	if err != nil || reg.Version() != newest {
		return nil, bad
	}
	return reg, append(freshness(reg, p.Now()), ownEntry(reg, id, p.Now())...)
}

// notice is how long before an end somebody should know: a quarter of what lasts
// from one moment to another, and at most this long.
func notice(from, until time.Time, most time.Duration) time.Time {
	return until.Add(-min(until.Sub(from)/4, most))
}

const (
	registerNotice = 14 * 24 * time.Hour
	rootNotice     = 60 * 24 * time.Hour
	keyNotice      = 30 * 24 * time.Hour
)

// freshness looks how long register and root still hold.
func freshness(reg *register.Register, now time.Time) []Check {
	code := registerOK
	switch {
	case !now.Before(reg.Expires()):
		code = registerEnded
	case !now.Before(notice(reg.Issued(), reg.Expires(), registerNotice)):
		code = registerSoon
	}
	checks := []Check{found(code, "version", strconv.FormatUint(reg.Version(), 10), "parties", strconv.Itoa(len(reg.Parties())), "until", stamp(reg.Expires()))}
	root := reg.Root()
	switch {
	case !now.Before(root.Expires):
		code = rootEnded
	case !now.Before(notice(root.Issued, root.Expires, rootNotice)):
		code = rootSoon
	default:
		return checks
	}
	return append(checks, found(code, "version", strconv.FormatUint(root.Version, 10), "until", stamp(root.Expires)))
}

// ownEntry looks at what the register says of the organisation itself.
func ownEntry(reg *register.Register, id Identity, now time.Time) (checks []Check) {
	e, ok := reg.Entry(id.OIN)
	if !ok {
		return []Check{found(partyUnlisted, "oin", string(id.OIN))}
	}
	elsewhere := slices.ContainsFunc(reg.Parties(), func(r register.Party) bool {
		return r.OIN != id.OIN && slices.ContainsFunc(r.Addresses, func(a string) bool { return !ofThisMachine(a) })
	})
	for _, a := range e.Addresses {
		if ip := net.ParseIP(hostOf(a)); ip != nil && ip.IsUnspecified() || elsewhere && ofThisMachine(a) {
			checks = append(checks, found(addressUseless, "address", a))
		}
	}
	return append(checks, keyLife(e, reg, now))
}

// keyLife looks how long the organisation can still sign.
func keyLife(e register.Entry, reg *register.Register, now time.Time) Check {
	var last, revoked register.SigningKey
	for _, k := range e.Keys {
		key, _ := reg.Key(k.JWK.Kid)
		switch {
		case key.RevokedAt(now):
			revoked = key
		case key.ValidAt(now) && (last.Public == nil || key.Until.IsZero() || !last.Until.IsZero() && key.Until.After(last.Until)):
			last = key
		}
	}
	switch {
	case last.Public == nil && revoked.Public != nil:
		return found(keyRevoked, "at", stamp(revoked.Revoked))
	case last.Public == nil:
		return found(keyEnded)
	case last.Until.IsZero():
		return found(keyOK)
	case !now.Before(notice(last.From, last.Until, keyNotice)):
		return found(keySoon, "until", stamp(last.Until))
	}
	return found(keyUntil, "until", stamp(last.Until))
}

// hostOf is the host in a multiaddress, "" for one of another form.
func hostOf(address string) string {
	if parts := strings.Split(address, "/"); len(parts) > 2 {
		return parts[2]
	}
	return ""
}

// ofThisMachine reports whether an address is of the machine itself, whichever
// that is.
func ofThisMachine(address string) bool {
	host := hostOf(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// clock looks whether the clock fits the register and is kept right.
func (p Premises) clock(reg *register.Register) []Check {
	now := p.Now()
	if reg != nil && now.Before(reg.Issued()) {
		return []Check{found(clockBehind, "now", stamp(now), "issued", stamp(reg.Issued()))}
	}
	if kept, known := p.Kept(); known && !kept {
		return []Check{found(clockUnsynced)}
	}
	return nil
}

// backup looks how old the backup is.
func (p Premises) backup(c Config, id Identity) (checks []Check) {
	if c.Backup.Dir != "" && isOfOther(c.Backup.Dir, id) {
		return []Check{found(backupMissing, "dir", c.Backup.Dir)}
	}
	b, err := backups(c.Backup)
	switch {
	case err != nil:
		return []Check{found(backupMissing, "dir", c.Backup.Dir)}
	case b.Dir == "":
		return []Check{found(backupNone)}
	case b.Part == 0 && p.young():
		checks = append(checks, found(backupFirst))
	case b.Part == 0:
		return []Check{found(backupMissing, "dir", b.Dir)}
	case b.Late(p.Now()):
		checks = append(checks, found(backupLate, "last", stamp(b.Last)))
	default:
		checks = append(checks, found(backupOK, "last", stamp(b.Last)))
	}
	if before, ok, err := backupBefore(c.Backup); err == nil && ok {
		checks = append(checks, found(backupUpgraded, "dir", before.Dir, "until", stamp(before.Until)))
	}
	node, err1 := os.Stat(p.Dir)
	there, err2 := os.Stat(b.Dir)
	if err1 == nil && err2 == nil && sameDisk(node, there) {
		checks = append(checks, found(backupSameDisk))
	}
	return checks
}

// young reports whether the node was made within the day.
func (p Premises) young() bool {
	info, err := os.Stat(filepath.Join(p.Dir, identityFile))
	return err == nil && p.Now().Sub(info.ModTime()) < 24*time.Hour
}
