package testnet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"sluis/api/server"
	"sluis/peer"
)

// The files with which a case system of a party can call its node (docs/integrate.md).
// One certificate serves at every party, which no real network would do.
const (
	systemsDir  = "systems"
	systemName  = "zaaksysteem"
	caFile      = "ca.pem"
	certFile    = systemName + ".pem"
	keyPEM      = systemName + "-key.pem"
	systemsLife = 90 * 24 * time.Hour
)

// systems lets a case system in at every party, with certificates that are made
// anew at each start.
type systems struct {
	dir         string
	own         tls.Certificate // of the nodes
	fingerprint string
}

func makeSystems(dir string) (*systems, error) {
	s := &systems{dir: filepath.Join(dir, systemsDir)}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Sluis testnet"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(systemsLife), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, err
	}
	issue := func(name string, usage x509.ExtKeyUsage) (tls.Certificate, error) {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, err
		}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{usage},
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(systemsLife), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(loopback)},
		}
		raw, err := x509.CreateCertificate(rand.Reader, leaf, root, own.Public(), key)
		return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: own}, err
	}
	client, err := issue(systemName, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return nil, err
	}
	if s.own, err = issue("localhost", x509.ExtKeyUsageServerAuth); err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(client.PrivateKey)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(client.Certificate[0])
	s.fingerprint = hex.EncodeToString(sum[:])
	for file, block := range map[string]*pem.Block{
		caFile: {Type: "CERTIFICATE", Bytes: raw}, certFile: {Type: "CERTIFICATE", Bytes: client.Certificate[0]}, keyPEM: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(s.dir, file), pem.EncodeToMemory(block), 0o600))
	}
	return s, err
}

// open serves the API of a party to the case system, on a free port.
func (s *systems) open(door *server.API, m Member) (*server.Systems, net.Listener, string, error) {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return nil, nil, "", err
	}
	url := "https://" + l.Addr().String()
	one := peer.System{Name: systemName, Fingerprints: []string{s.fingerprint}, Scopes: peer.Scopes[:], Staff: []string{"*"}, PerMinute: 6000}
	for _, c := range m.Party.Capacities {
		one.Capacities = append(one.Capacities, c.Code)
	}
	let, err := door.Systems(peer.API{PublicURL: url, ClientCA: caFile, Clients: []peer.System{one}}, s.dir)
	if err != nil {
		return nil, nil, "", errors.Join(err, l.Close())
	}
	door.PublicURL = url
	return let, tls.NewListener(l, let.TLS(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &s.own, nil })), url, nil
}

// SystemsDir is where the certificate of the case system stands, with its key and
// the authority of the nodes; "" where none is let in.
func (n *Net) SystemsDir() string {
	if n.systems == nil {
		return ""
	}
	return n.systems.dir
}

// SystemsURL is where a case system calls the node of a party; "" where none is let
// in or the node is down.
func (n *Net) SystemsURL(party string) string {
	to, ok := n.nodes[party]
	if !ok || to.running == nil {
		return ""
	}
	return to.running.systemsURL
}
