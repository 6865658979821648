package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// dataFlags say which installation a command is about: the same as serve's.
type dataFlags struct {
	Data        string `env:"PARLEY_DATA" default:"./data" help:"Folder of the database, the recordings and the keys."`
	DatabaseURL string `name:"database-url" env:"PARLEY_DATABASE_URL" help:"postgres://… ; default: SQLite in the data folder."`
	MasterKey   string `name:"master-key" env:"PARLEY_MASTER_KEY" help:"Secret that credentials are encrypted with. Default: a file beside the database."`
}

func (d dataFlags) url() string {
	if d.DatabaseURL != "" {
		return d.DatabaseURL
	}
	return filepath.Join(d.Data, databaseFile)
}

// there refuses to make a new, empty installation where one was meant that is not there.
func (d dataFlags) there() error {
	if d.DatabaseURL != "" {
		return nil
	}
	if _, err := os.Stat(d.url()); err != nil {
		return fmt.Errorf("there is no database at %s: name the server's data folder with --data or PARLEY_DATA", d.url())
	}
	return nil
}

// Names within a data folder, and within a backup.
const (
	databaseFile     = "parley.db"
	recordingsFolder = "recordings"
	apiKeyFile       = "api-key" // of the first start
)

type backupCmd struct {
	dataFlags
	S3         s3Config `embed:""`
	To         string   `arg:"" help:"Folder to make; it must not be there."`
	Recordings bool     `help:"Copy the recordings, too."`
	WithKey    bool     `name:"with-key" help:"Copy the files of the master key and of the API key, too: whoever has the backup can then read all credentials in it."`
}

// Run copies an installation, whose server may run meanwhile, into a folder of its own.
func (c *backupCmd) Run(ctx context.Context) (err error) {
	if err := c.there(); err != nil {
		return err
	}
	if c.WithKey && c.MasterKey != "" {
		return errors.New("--with-key: the master key comes from PARLEY_MASTER_KEY, not from a file; keep it yourself")
	}
	if err = os.Mkdir(c.To, 0o700); err != nil {
		return fmt.Errorf("making the backup's folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(c.To))
		}
	}()
	db, _, err := store.OpenFolder(ctx, c.url(), c.Data, c.MasterKey)
	if err != nil {
		return err
	}
	defer db.Close()
	if err = db.Backup(ctx, filepath.Join(c.To, databaseFile)); err != nil {
		return err
	}
	if c.Recordings {
		if err = copyFolder(filepath.Join(c.Data, recordingsFolder), filepath.Join(c.To, recordingsFolder)); err != nil {
			return fmt.Errorf("copying the recordings: %w", err)
		}
	}
	if c.S3.URL != "" {
		fmt.Printf("Recordings that are stored in %s are not in the backup, only those that wait for it (--recordings): copy the bucket by its own means.\n", c.S3.URL)
	}
	if c.WithKey {
		if err = copyFile(filepath.Join(c.Data, secret.KeyFile), filepath.Join(c.To, secret.KeyFile)); err != nil {
			return fmt.Errorf("copying the master key: %w", err)
		}
		if err = copyFile(filepath.Join(c.Data, apiKeyFile), filepath.Join(c.To, apiKeyFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("copying the API key: %w", err)
		}
		fmt.Printf("%s holds the master key, too: keep it as secret as the server.\n", c.To)
		return nil
	}
	fmt.Printf("%s holds the database, its credentials encrypted; to restore it the master key is needed, which is not in it (%s).\n", c.To, c.keyPlace())
	return nil
}

func (d dataFlags) keyPlace() string {
	if d.MasterKey != "" {
		return "PARLEY_MASTER_KEY"
	}
	return filepath.Join(d.Data, secret.KeyFile)
}

type restoreCmd struct {
	dataFlags
	From string `arg:"" type:"existingdir" help:"Folder that parley backup made."`
}

// Run fills a new installation from a backup. Nothing is dialled that waited when the backup was made.
func (c *restoreCmd) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("PARLEY_DATA: %w", err)
	}
	if err := lockFolder(c.Data); err != nil {
		return fmt.Errorf("PARLEY_DATA: %w", err)
	}
	defer unlockFolder(c.Data)
	if err := c.takeKey(); err != nil {
		return err
	}
	db, _, err := store.OpenFolder(ctx, c.url(), c.Data, c.MasterKey)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Restore(ctx, filepath.Join(c.From, databaseFile)); err != nil {
		return err
	}
	if from := filepath.Join(c.From, recordingsFolder); isDir(from) {
		if err := copyFolder(from, filepath.Join(c.Data, recordingsFolder)); err != nil {
			return fmt.Errorf("copying the recordings: %w", err)
		}
	}
	err = copyFile(filepath.Join(c.From, apiKeyFile), filepath.Join(c.Data, apiKeyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("copying the API key: %w", err)
	}
	fmt.Println("restored. API keys are those of the time of the backup; calls that waited to be dialled then are not dialled, and end at the next start.")
	return nil
}

// takeKey puts the backup's master key into force, unless there is one.
func (c *restoreCmd) takeKey() error {
	from, to := filepath.Join(c.From, secret.KeyFile), filepath.Join(c.Data, secret.KeyFile)
	if c.MasterKey != "" {
		return nil
	}
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("the master key of the backup is needed: put it at %s, or give it as PARLEY_MASTER_KEY", to)
	}
	return copyFile(from, to)
}

type rotateKeyCmd struct {
	dataFlags
	NewMasterKey string `name:"new-master-key" env:"PARLEY_NEW_MASTER_KEY" help:"The next master key, when the present one comes from PARLEY_MASTER_KEY."`
}

// Run gives an installation whose server is stopped another master key.
func (c *rotateKeyCmd) Run(ctx context.Context) error {
	if err := c.there(); err != nil {
		return err
	}
	if err := lockFolder(c.Data); err != nil {
		return fmt.Errorf("PARLEY_DATA: %w", err)
	}
	defer unlockFolder(c.Data)
	if err := store.RotateKey(ctx, c.url(), c.Data, c.MasterKey, c.NewMasterKey); err != nil {
		return err
	}
	if c.MasterKey != "" {
		fmt.Println("rotated: start the servers with PARLEY_MASTER_KEY set to the new key from now on. Backups made before need the old one.")
		return nil
	}
	fmt.Printf("rotated: the new master key is in %s. Backups made before need the old one, which is gone from here.\n", filepath.Join(c.Data, secret.KeyFile))
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// copyFolder copies the plain files of a folder that has no folders in it; one that is not there has none. A file that goes away
// meanwhile, such as a recording that is turned into MP3, is passed over.
func copyFolder(from, to string) error {
	files, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if !f.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// copyFile copies into a new file of mode 0600 and makes sure that it is on the disk.
func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(dst, src); err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}
