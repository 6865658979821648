package main

// A cost is what one of something takes, or what one part can give.
type cost struct {
	what  string
	value float64
	unit  string
	flag  string // that changes it; "": it was measured, and is changed by measuring it again
	line  string // of docs/performance.md that has what was measured: how it begins
	says  string // and the figure in it
	how   string // it was reckoned from others, or chosen
}

// The costs by name.
const (
	callCPU = iota
	setupCPU
	callMemory
	restMemory
	callRows
	turnRows
	callWAL
	turnWAL
	callKept
	turnKept
	sound
	wire
	upstream
	minutes
	turns
	recorded
	quieter
	days
	cores
	memory
	busy
	network
	disk
	ports
	spare
	rowsMost
	walMost
	slotTime
	dialMost
	streamMost
	storeMost
	natsMost
	lastCost
)

// costs are all of them. What was measured is held against the page by a test.
var costs = [lastCost]cost{
	callCPU:    {what: "a call's CPU (G.711, recorded, told to a webhook, vendors without TLS)", value: 0.42, unit: "% of a core", line: "| CPU per call, % of a core | 2.3 |", says: "0.42"},
	setupCPU:   {what: "a set-up's CPU", value: 5.5, unit: "ms", line: "with its events and told to a webhook; 110 % of a core", says: "110 %", how: "110 % of a core for 200 a second"},
	callMemory: {what: "a call's memory", value: 0.72, unit: "MiB", line: "| memory per call, MiB |", says: "0.72"},
	restMemory: {what: "a node's memory without calls", value: 35, unit: "MiB", line: "At rest: 35 MiB", says: "35 MiB"},
	callRows:   {what: "rows that a call writes without its turns", value: 21, unit: "", line: "| rows written |", says: "21"},
	turnRows:   {what: "rows that a turn and its answer write", value: 8.7, unit: "", line: "| rows written |", says: "8.7"},
	callWAL:    {what: "WAL of a call without its turns", value: 28, unit: "kB", line: "| WAL |", says: "28"},
	turnWAL:    {what: "WAL of a turn and its answer", value: 14, unit: "kB", line: "| WAL |", says: "14"},
	callKept:   {what: "kept in the database of a call without its turns", value: 20, unit: "kB", line: "| kept, with indexes |", says: "20"},
	turnKept:   {what: "kept of a turn and its answer", value: 10, unit: "kB", line: "| kept, with indexes |", says: "10"},
	sound:      {what: "a recording", value: 64, unit: "kB/s", line: "| recording |", says: "64"},

	wire:     {what: "G.711 on the wire, each way", value: 80, unit: "kbit/s", how: "200 bytes of IP, 50 times a second"},
	upstream: {what: "sound to and from vendors, the greater of both ways", value: 256, unit: "kbit/s", how: "PCM, 16 bits, 16 kHz"},

	minutes:  {what: "length of a call", value: 3, unit: "min", flag: "minutes"},
	turns:    {what: "turns and answers", value: 5, unit: "a minute", flag: "turns"},
	recorded: {what: "calls that are recorded", value: 100, unit: "%", flag: "recorded"},
	quieter:  {what: "calls on average over a day, of those at the peak", value: 33, unit: "%", flag: "average"},
	days:     {what: "what is kept is kept for", value: 30, unit: "days", flag: "days"},
	cores:    {what: "a node's cores", value: 16, unit: "", flag: "cores"},
	memory:   {what: "a node's memory", value: 32, unit: "GiB", flag: "memory"},
	busy:     {what: "a node is filled to", value: 60, unit: "% of its CPU", flag: "busy"},
	network:  {what: "a node's network", value: 10, unit: "Gbit/s", flag: "network"},
	disk:     {what: "a node's disk writes", value: 500, unit: "MB/s", flag: "disk"},
	ports:    {what: "a node's UDP ports of sound, two a call", value: 10000, unit: "", flag: "ports"},
	spare:    {what: "nodes more, for those that fail or are upgraded", value: 10, unit: "%", flag: "spare"},

	rowsMost:   {what: "a PostgreSQL primary writes", value: 100000, unit: "rows/s", flag: "pg-rows"},
	walMost:    {what: "and of WAL", value: 200, unit: "MB/s", flag: "pg-wal"},
	slotTime:   {what: "the row of an environment is held by a set-up for (one commit)", value: 1, unit: "ms", flag: "commit"},
	dialMost:   {what: "a carrier takes from one trunk", value: 50, unit: "set-ups/s", flag: "carrier"},
	streamMost: {what: "a vendor grants to one account", value: 1000, unit: "streams at once", flag: "vendor"},
	storeMost:  {what: "an object store takes", value: 10000, unit: "MB/s", flag: "store"},
	natsMost:   {what: "a NATS cluster of three carries", value: 1000000, unit: "messages/s", flag: "nats"},
}
