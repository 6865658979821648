package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/replay"
	"github.com/parley-voice/parley/store"
)

// replayCmd plays a recorded call to the engine once more.
type replayCmd struct {
	dataFlags
	S3   s3Config `embed:""`
	Call string   `arg:"" help:"Id of the call."`
	Set  []string `placeholder:"DIAL=VALUE" sep:"none" help:"Show what would have been decided otherwise with another dial of the agent, such as endpointing_sensitivity=sensitive."`
	JSON bool     `name:"json" help:"Print JSON."`
}

// Run fails when the call is not decided as it was, though its recording is what was heard.
func (c *replayCmd) Run(ctx context.Context) error {
	r, err := c.play(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		r.Print(os.Stdout, c.Set...)
	}
	if err == nil && len(c.Set) == 0 && !r.Same {
		return exitCode(failed)
	}
	return err
}

func (c *replayCmd) play(ctx context.Context) (*replay.Report, error) {
	if err := c.there(); err != nil {
		return nil, err
	}
	db, _, err := store.OpenFolder(ctx, c.url(), c.Data, c.MasterKey)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	row, err := db.Call(ctx, "", c.Call)
	if parley.IsNotFound(err) {
		return nil, fmt.Errorf("there is no call %q in %s", c.Call, c.Data)
	}
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(c.Data, recordingsFolder)
	if !isDir(folder) {
		return nil, errors.New("there is no folder of recordings in " + c.Data)
	}
	blobs, err := store.NewBlobs(folder)
	if err != nil {
		return nil, err
	}
	defer blobs.Close()
	files, done, err := c.S3.read(blobs, db)
	if err != nil {
		return nil, err
	}
	defer done()
	if len(c.Set) == 0 {
		return replay.Again(ctx, files, db.Log(), &row)
	}
	r, err := replay.WouldBe(files, &row, c.Set)
	if err != nil {
		var no *replay.ImpossibleError
		if !errors.As(err, &no) {
			err = fmt.Errorf("--set %w", err)
		}
	}
	return r, err
}
