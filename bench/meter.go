package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	clockTicks = 100             // of /proc/PID/stat a second: USER_HZ is 100 on every Linux that matters
	meterEvery = 2 * time.Second // reading smaps costs the server some time, too
)

// usage is what a process and its children took and hold.
type usage struct {
	cpu time.Duration // since they began
	pss int64         // bytes: memory shared by n processes counts 1/n
}

// usageOf reads /proc; where there is none it is zero.
func usageOf(root int) (u usage) {
	parents, spent := map[int]int{}, map[int]time.Duration{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if parent, cpu, ok := parseStat(string(b)); ok {
			parents[pid], spent[pid] = parent, cpu
		}
	}
	for pid := range spent {
		at := pid
		for range len(parents) {
			if at == root || at == 0 {
				break
			}
			at = parents[at]
		}
		if at != root {
			continue
		}
		u.cpu += spent[pid]
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err == nil {
			u.pss += parsePSS(string(b))
		}
	}
	return u
}

// parseStat reads /proc/PID/stat (proc(5)); the name in brackets may hold anything.
func parseStat(s string) (parent int, cpu time.Duration, ok bool) {
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 13 {
		return 0, 0, false
	}
	parent, err1 := strconv.Atoi(f[1])
	user, err2 := strconv.ParseInt(f[11], 10, 64)
	system, err3 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return 0, 0, false
	}
	return parent, time.Duration(user+system) * time.Second / clockTicks, true
}

func parsePSS(s string) int64 {
	for l := range strings.SplitSeq(s, "\n") {
		f := strings.Fields(l)
		if len(f) >= 2 && f[0] == "Pss:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// A meter watches a process from start to stop in a goroutine of its own.
type meter struct {
	pid    int
	from   usage
	began  time.Time
	sum    int64 // of the samples of pss
	n      int64
	cancel context.CancelFunc
	runner sync.WaitGroup
}

func startMeter(ctx context.Context, pid int) *meter {
	m := &meter{pid: pid, from: usageOf(pid), began: time.Now()}
	ctx, m.cancel = context.WithCancel(ctx)
	m.runner.Go(func() {
		for wait(ctx, meterEvery) {
			pss := usageOf(pid).pss
			m.sum, m.n = m.sum+pss, m.n+1
		}
	})
	return m
}

// stop is the share of one core that was used, and the mean memory.
func (m *meter) stop() (cores float64, pss int64) {
	m.cancel()
	m.runner.Wait()
	end := usageOf(m.pid)
	cores = float64(end.cpu-m.from.cpu) / float64(time.Since(m.began))
	if m.n == 0 {
		return cores, end.pss
	}
	return cores, m.sum / m.n
}
