package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A SoakSample is what the server held at one moment, after a collection of garbage of which the rest was given back.
type SoakSample struct {
	Minute     float64 `json:"minute"`
	MiB        float64 `json:"mib"`      // PSS of memory that is no file's: the process's own
	FileMiB    float64 `json:"file_mib"` // PSS of mapped files: the binary, SQLite's index of its log
	HeapMiB    float64 `json:"heap_mib"` // what of the heap is reachable
	Goroutines int     `json:"goroutines"`
	Files      int     `json:"files"`
	Threads    int     `json:"threads"`
	Calls      int     `json:"calls"`
}

// held is what /proc tells of a process.
type held struct {
	own, file      int64 // bytes
	files, threads int
}

// looked reads /proc; where there is none it is zero.
func looked(pid int) (h held) {
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err == nil {
		own := procNumber(string(b), "Pss_Anon:") + procNumber(string(b), "Pss_Shmem:")
		h.own, h.file = own<<10, procNumber(string(b), "Pss_File:")<<10
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		h.threads = int(procNumber(string(b), "Threads:"))
	}
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	h.files = len(open)
	return h
}

// procNumber is the number on the line that begins so; 0: there is none.
func procNumber(s, name string) int64 {
	for l := range strings.SplitSeq(s, "\n") {
		if f := strings.Fields(l); len(f) >= 2 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

// sample looks at the server now and then until ctx is done.
func (s *soak) sample(ctx context.Context, began time.Time) {
	pid := s.server.cmd.Process.Pid
	warm := false
	for i := 1; wait(ctx, time.Until(began.Add(time.Duration(i)*s.o.Sample))); i++ {
		var st struct {
			State
			Heap int64 `json:"heap_bytes"`
		}
		if err := s.server.client.do(ctx, http.MethodGet, "/debug/state?gc=1", nil, &st); err != nil {
			if ctx.Err() == nil {
				s.o.Progress(fmt.Sprintf("the server's state: %v", err))
			}
			continue
		}
		h := looked(pid)
		x := SoakSample{Minute: time.Since(began).Minutes(), MiB: mib(h.own), FileMiB: mib(h.file), HeapMiB: mib(st.Heap), Goroutines: st.Goroutines,
			Files: h.files, Threads: h.threads, Calls: st.Calls}
		s.mu.Lock()
		s.report.Samples = append(s.report.Samples, x)
		s.report.conclude()
		good, all, grows, heap := s.report.Good, s.report.Placed, s.report.MiB, s.report.Heap
		s.mu.Unlock()
		s.o.Progress(fmt.Sprintf("%6.1f min: %d calls run; %d of %d good; %.1f MiB (%+.2f an hour), heap %.1f (%+.2f), files mapped %.1f; %d goroutines, %d files, %d threads",
			x.Minute, x.Calls, good, all, x.MiB, grows, x.HeapMiB, heap, x.FileMiB, x.Goroutines, x.Files, x.Threads))
		if !warm && x.Minute*float64(time.Minute) >= float64(s.report.warm()) {
			warm = true
			s.profile(ctx, "warm.pprof")
		}
		s.profile(ctx, "last.pprof")
	}
}

// perHour is by how much of something the samples grow each hour: the middle of the slopes between any two, so that one sample that was
// taken at a bad moment does not decide.
func perHour(s []SoakSample, of func(SoakSample) float64) float64 {
	var all []float64
	for i, a := range s {
		for _, b := range s[i+1:] {
			if b.Minute > a.Minute {
				all = append(all, 60*(of(b)-of(a))/(b.Minute-a.Minute))
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
