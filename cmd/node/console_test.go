package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificate writes a certificate for localhost, signed by itself, and its key.
func writeCertificate(cert, key string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	number, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		return err
	}
	form := &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	made, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

// A certificate that is renewed is used without a restart; files that are halfway
// written leave the old one in use.
func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), now: func() time.Time { return now }}
	if _, err := c.get(nil); err == nil {
		t.Fatal("there is no certificate, and it is used")
	}
	serial := func() string {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.String()
	}
	renew := func(at time.Time) {
		t.Helper()
		if err := writeCertificate(c.cert, c.key); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chtimes(c.cert, at, at), os.Chtimes(c.key, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	renew(now)
	first := serial()
	renew(now.Add(time.Second))
	if serial() != first {
		t.Error("looks at the files at each handshake")
	}
	now = now.Add(2 * certificateLife)
	second := serial()
	if second == first {
		t.Fatal("a new certificate is not used")
	}
	if err := os.WriteFile(c.key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * certificateLife)
	if serial() != second {
		t.Error("half a renewal ends what worked")
	}
	renew(now)
	now = now.Add(2 * certificateLife)
	if last := serial(); last == second {
		t.Error("after half a renewal the whole is not used")
	}
}
