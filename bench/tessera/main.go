// A Tessera POSIX log fed by many writers: how many entries a second get from Add to a published checkpoint.
//
//	tessera-bench DIR WRITERS SECONDS BYTES RATE
//
// RATE 0: as fast as the writers go; otherwise entries a second in all. Prints one line of JSON.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: tessera-bench DIR WRITERS SECONDS BYTES RATE")
		os.Exit(64)
	}
	if err := run(os.Args[1], number(2), number(3), number(4), number(5)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(i int) int {
	value, err := strconv.Atoi(os.Args[i])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(64)
	}
	return value
}

func run(dir string, writers, seconds, bytes, rate int) error {
	ctx := context.Background()
	secret, _, err := note.GenerateKey(rand.Reader, "bench.example/log")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return err
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(uint(writers), 20*time.Millisecond).
		WithCheckpointInterval(100*time.Millisecond).
		WithPushback(1<<20))
	if err != nil {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 5*time.Millisecond)
	var mu sync.Mutex
	var waits []float64
	var failed error
	started := time.Now()
	end := started.Add(time.Duration(seconds) * time.Second)
	var group sync.WaitGroup
	for w := 0; w < writers; w++ {
		group.Add(1)
		go func(w int) {
			defer group.Done()
			entry := make([]byte, bytes)
			_, _ = rand.Read(entry)
			pace := time.Duration(0)
			if rate > 0 {
				pace = time.Second * time.Duration(writers) / time.Duration(rate)
			}
			next := started.Add(pace * time.Duration(w) / time.Duration(writers))
			pending := sync.WaitGroup{}
			for i := 0; time.Now().Before(end); i++ {
				if pace > 0 {
					time.Sleep(time.Until(next))
					next = next.Add(pace)
				}
				copy(entry, fmt.Sprintf("%d/%d/", w, i))
				from := time.Now()
				future := appender.Add(ctx, tessera.NewEntry(append([]byte(nil), entry...)))
				if _, err := future(); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				pending.Add(1)
				go func() {
					defer pending.Done()
					_, _, err := awaiter.Await(ctx, future)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						failed = err
						return
					}
					waits = append(waits, float64(time.Since(from).Microseconds())/1000)
				}()
			}
			pending.Wait()
		}(w)
	}
	group.Wait()
	took := time.Since(started).Seconds()
	if failed != nil {
		return failed
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
	sort.Float64s(waits)
	n := len(waits)
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"entries": float64(n),
		"rate":    float64(n) / took,
		"p50":     waits[n/2],
		"p99":     waits[n*99/100],
		"cpu":     cpu / float64(n),
	})
}
