// Package secret is what is kept encrypted, masked or hashed: the master key and what is sealed or signed with it, the way
// credentials are shown, API keys and webhook secrets. It starts no goroutine.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Key is the master key of an installation. It seals what must not lie in the database in clear, and signs addresses.
// Its methods may be called from any goroutine.
type Key struct {
	aead cipher.AEAD
	sign []byte
}

// KeyFile is the name of the file, inside the data folder, that holds a master key made by LoadKey.
const KeyFile = "master.key"

// minKeyText is the shortest text taken as a master key, in bytes.
const minKeyText = 16

// sealedPrefix names the form of a sealed text: AES-256-GCM, 96-bit random nonce in front, standard base64 without padding.
const sealedPrefix = "sealed:v1:"

// ErrSealed is returned by Open for a text that this key did not seal, or not for that place.
var ErrSealed = errors.New("sealed text does not open with this master key")

// NewKey makes a key from any text of at least 16 bytes; the same text is the same key.
func NewKey(text string) (*Key, error) {
	text = strings.TrimSpace(text)
	if len(text) < minKeyText {
		return nil, fmt.Errorf("master key is shorter than %d characters", minKeyText)
	}
	sealKey, err := hkdf.Key(sha256.New, []byte(text), nil, "parley seal v1", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the sealing key: %w", err)
	}
	signKey, err := hkdf.Key(sha256.New, []byte(text), nil, "parley sign v1", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the signing key: %w", err)
	}
	block, err := aes.NewCipher(sealKey)
	if err != nil {
		return nil, fmt.Errorf("preparing AES: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("preparing GCM: %w", err)
	}
	return &Key{aead: aead, sign: signKey}, nil
}

// LoadKey takes the key from env, the text of PARLEY_MASTER_KEY; when that is empty, from a file of mode 0600 in dataDir,
// which is made, once, with 256 random bits.
func LoadKey(dataDir, env string) (*Key, error) {
	if strings.TrimSpace(env) != "" {
		k, err := NewKey(env)
		if err != nil {
			return nil, fmt.Errorf("PARLEY_MASTER_KEY: %w", err)
		}
		return k, nil
	}
	path := filepath.Join(dataDir, KeyFile)
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKeyFile(dataDir, path); err == nil {
			text, err = readKeyFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("master key file: %w", err)
	}
	k, err := NewKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

func readKeyFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("%s can be read by everybody; set its mode to 0600", path)
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// makeKeyFile links a finished file into place: a crash leaves none rather than half of one, and of two processes that
// start at once the first wins.
func makeKeyFile(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, KeyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = f.WriteString(hex.EncodeToString(random(32)) + "\n"); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err = os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir) // nothing may be sealed with a key that a power cut takes away
}

// Seal encrypts plain for one place (environment, row, column): it opens there and nowhere else.
func (k *Key) Seal(plain []byte, place ...string) string {
	return sealedPrefix + base64.RawStdEncoding.EncodeToString(k.aead.Seal(nil, nil, plain, additional(place)))
}

// Open is the reverse of Seal. A text of another key, place or form: ErrSealed.
func (k *Key) Open(sealed string, place ...string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return nil, ErrSealed
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrSealed
	}
	plain, err := k.aead.Open(nil, nil, b, additional(place))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Sealed reports whether s has the form of a sealed text.
func Sealed(s string) bool { return strings.HasPrefix(s, sealedPrefix) }

// additional joins the parts of a place so that no two places share a form: each part goes with its length.
func additional(place []string) []byte {
	var b []byte
	for _, p := range place {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// Sign gives a MAC over msg for use in addresses (URL-safe, 43 characters). Put all that must not change into msg, the expiry too.
func (k *Key) Sign(msg string) string {
	h := hmac.New(sha256.New, k.sign)
	h.Write([]byte(msg))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Verify reports whether sig is Sign's answer for msg, in constant time.
func (k *Key) Verify(msg, sig string) bool {
	return hmac.Equal([]byte(k.Sign(msg)), []byte(sig))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}
