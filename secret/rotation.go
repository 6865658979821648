package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A master key file is replaced in three steps: NextKey lays the new key beside the old; everything is sealed with it, in one
// transaction; FinishRotation gives it the old one's name. After a crash both files may be there: the one that opens what is
// stored is in force.

// nextFile is where the next master key waits.
const nextFile = KeyFile + ".new"

// NextKey makes the key that is to replace the one of a data folder. The one of a rotation that was cut short is taken again.
func NextKey(dataDir string) (*Key, error) {
	k, there, err := PendingKey(dataDir)
	if err != nil || there {
		return k, err
	}
	path := filepath.Join(dataDir, nextFile)
	if err = makeKeyFile(dataDir, path); err != nil {
		return nil, fmt.Errorf("making the next master key: %w", err)
	}
	k, _, err = PendingKey(dataDir)
	return k, err
}

// PendingKey is the key that NextKey made and FinishRotation has not yet put into force.
func PendingKey(dataDir string) (k *Key, there bool, err error) {
	path := filepath.Join(dataDir, nextFile)
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err == nil {
		k, err = NewKey(text)
	}
	if err != nil {
		return nil, false, fmt.Errorf("next master key file: %w", err)
	}
	return k, true, nil
}

// FinishRotation puts the next key in the place of the old one, which is gone then.
func FinishRotation(dataDir string) error {
	err := os.Rename(filepath.Join(dataDir, nextFile), filepath.Join(dataDir, KeyFile))
	if err == nil {
		err = syncFolder(dataDir)
	}
	if err != nil {
		return fmt.Errorf("putting the next master key into force: %w", err)
	}
	return nil
}

// syncFolder makes sure that the names in a folder are on the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
