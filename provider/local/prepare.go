package local

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-voice/parley/provider/local/sphinx"
	"github.com/parley-voice/parley/provider/local/vocabulary"
)

// debianModels is where Debian's pocketsphinx-en-us puts the model.
const debianModels = "/usr/share/pocketsphinx/model/en-us"

// modelForm names what prepareModels writes. Another form, or other files of the distribution, make another directory.
const modelForm = "1"

// Files of a prepared model.
const (
	acousticDir = "acoustic"
	generalLM   = "general.lm.bin"
	generalDict = "general.dict"
)

// prepareModels makes the models for the telephone out of the distribution's, in a directory of cache that it returns: the
// acoustic model for 8 kHz, and the general language model and dictionary cut to the words of everyday. A few seconds the
// first time; nothing is done when the directory is there.
func prepareModels(from, cache string) (string, error) {
	name, err := modelName(from)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("preparing the speech models: %w", err)
	}
	sweep(cache)
	tmp, err := os.MkdirTemp(cache, unfinished()+"*")
	if err != nil {
		return "", fmt.Errorf("preparing the speech models: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := sphinx.WriteNarrowband(filepath.Join(from, "en-us"), filepath.Join(tmp, acousticDir)); err != nil {
		return "", err
	}
	if err := cutGeneral(from, tmp); err != nil {
		return "", fmt.Errorf("preparing the speech models: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // another server may have been quicker
			return "", fmt.Errorf("preparing the speech models: %w", err)
		}
	}
	return dir, nil
}

// preparing begins the names of directories that are not complete.
const preparing = ".preparing-"

// unfinished begins the names of this process's own.
func unfinished() string { return fmt.Sprintf("%s%d-", preparing, os.Getpid()) }

// abandon takes away what this process has begun, and writes on meanwhile: a file that appears in a directory keeps it there, so it is
// taken away once more.
func abandon(cache string) {
	for range 100 {
		own, _ := filepath.Glob(filepath.Join(cache, unfinished()+"*")) // a bad pattern has nothing to take away
		if len(own) == 0 {
			return
		}
		for _, dir := range own {
			os.RemoveAll(dir)
		}
	}
}

// stale is an age at which nobody is at work in a directory any more.
const stale = 10 * time.Minute

// sweep takes away what processes that were killed have left.
func sweep(cache string) {
	left, _ := filepath.Glob(filepath.Join(cache, preparing+"*"))
	for _, dir := range left {
		if i, err := os.Stat(dir); err == nil && time.Since(i.ModTime()) > stale {
			os.RemoveAll(dir)
		}
	}
}

// modelName changes with the files it is made from.
func modelName(from string) (string, error) {
	h := sha256.New()
	io.WriteString(h, modelForm)
	for _, f := range []string{"en-us.lm.bin", "cmudict-en-us.dict", "en-us/means", "en-us/mdef"} {
		i, err := os.Stat(filepath.Join(from, f))
		if errors.Is(err, os.ErrNotExist) {
			return "", errNotInstalled
		} else if err != nil {
			return "", fmt.Errorf("speech models: %w", err)
		}
		fmt.Fprintln(h, f, i.Size(), i.ModTime().Unix())
	}
	return fmt.Sprintf("en-us-%x", h.Sum(nil)[:6]), nil
}

func cutGeneral(from, to string) error {
	b, err := os.ReadFile(filepath.Join(from, "cmudict-en-us.dict"))
	if err != nil {
		return err
	}
	all := vocabulary.ReadDictionary(b, nil)
	if b, err = os.ReadFile(filepath.Join(from, "en-us.lm.bin")); err != nil {
		return err
	}
	m, err := vocabulary.Prune(b, vocabulary.DefaultCut, func(w string) bool { return all[w] != nil })
	if err != nil {
		return err
	}
	dict := vocabulary.Dictionary{}
	for _, w := range m.Words {
		if p := all[w]; p != nil {
			dict[w] = p
		}
	}
	var text bytes.Buffer
	if err := dict.Write(&text); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, generalDict), text.Bytes(), 0o644); err != nil {
		return err
	}
	arpa := filepath.Join(to, "general.arpa")
	if err := writeModel(m, arpa); err != nil {
		return err
	}
	defer os.Remove(arpa)
	return sphinx.Compile(arpa, filepath.Join(to, generalLM))
}

func writeModel(m *vocabulary.Model, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = m.WriteARPA(f)
	return errors.Join(err, f.Close())
}
