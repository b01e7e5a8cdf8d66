package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sluis/api/webhook"
	"sluis/console"
	"sluis/peer"
)

// pages opens the web console and the address on which it is served, or nothing
// where it is switched off.
func (t *terminal) pages(node *peer.Node, c peer.Console, hooks func() ([]webhook.State, error), hook peer.Observe, log *slog.Logger) (*console.Console, net.Listener, error) {
	if c.Listen == "" {
		return nil, nil, nil
	}
	pages, err := console.New(console.Options{Node: node, Config: c, Dir: t.dir, Log: log, Observe: hook, Version: versionText(), Webhooks: hooks})
	if err != nil {
		return nil, nil, &checkError{what: err.Error(), todo: "look at [console] in sluis.toml; sluis config example shows every key"}
	}
	var pair *certificate
	if c.TLSCert != "" {
		pair = &certificate{cert: t.within(c.TLSCert), key: t.within(c.TLSKey), now: time.Now}
		if _, err := pair.get(nil); err != nil {
			return nil, nil, &checkError{what: err.Error(), todo: "give the files of a certificate and its key in console.tls_cert and console.tls_key"}
		}
	}
	web, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, nil, err
	}
	log.Info("the console can be opened in a browser", "url", c.PublicURL, "address", web.Addr().String())
	if pair != nil {
		web = tls.NewListener(web, &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	return pages, web, nil
}

// within is the path of a file that the configuration names.
func (t *terminal) within(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(t.dir, file)
}

// certificateLife is how long a certificate is used before its files are looked
// at again: who renews it need not stop the node.
const certificateLife = time.Minute

// A certificate is a pair of PEM files that may be replaced.
type certificate struct {
	cert, key string
	now       func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	looked  time.Time
	changed [2]time.Time // when each file was written
}

// get is the certificate as it stands. New files that do not belong together, as
// halfway a renewal, leave the old one in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pair != nil && c.now().Sub(c.looked) < certificateLife {
		return c.pair, nil
	}
	c.looked = c.now()
	var changed [2]time.Time
	for i, file := range []string{c.cert, c.key} {
		info, err := os.Stat(file)
		if err != nil {
			return c.keep(fmt.Errorf("%s can't be read", file))
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return c.keep(fmt.Errorf("%s and %s are no certificate with its key", c.cert, c.key))
	}
	c.pair, c.changed = &pair, changed
	return c.pair, nil
}

// keep goes on with what there was.
func (c *certificate) keep(err error) (*tls.Certificate, error) {
	if c.pair == nil {
		return nil, err
	}
	return c.pair, nil
}
