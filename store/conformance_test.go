package store

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// conformance is what every backend must do, each part on a database of its own.
func conformance(t *testing.T, open func(t testing.TB) *DB) {
	for name, f := range map[string]func(t *testing.T, d *DB){
		"Environments": testEnvironments, "EnvironmentChanges": testEnvironmentChanges, "EnvironmentDeletion": testEnvironmentDeletion, "Keys": testKeys,
		"LastOperatorKey": testLastOperatorKey, "KeyUse": testKeyUse, "Logins": testLogins, "DoNotCall": testDoNotCall, "Memories": testMemories, "MemoryLimits": testMemoryLimits, "Documents": testDocuments, "DocumentLimits": testDocumentLimits, "DocumentRaces": testDocumentRaces, "Audit": testAudit, "SteeringPool": testSteeringPool, "VectorDatabases": testVectorDatabases, "Pronunciations": testPronunciations,
		"Resources": testResources, "Secrets": testSecrets, "Lists": testLists, "Gists": testGists, "GistsOfOlder": testGistsOfOlder,
		"Agents": testAgents, "Blocks": testBlocks, "AgentUpdates": testAgentUpdates, "AgentDeletion": testAgentDeletion, "InlineAgents": testInlineAgents,
		"Numbers": testNumbers, "SharedAccount": testSharedAccount, "SharedPolicy": testSharedPolicy, "MissingMigration": testMissingMigration, "OpenNewer": testOpenNewer, "Trunks": testTrunks, "DialPolicy": testDialPolicy, "Calls": testCalls, "CallLists": testCallLists, "CallChanges": testCallChanges,
		"Nodes": testNodes, "Replaced": testReplaced, "Lines": testLines, "Taken": testTaken, "Dispatch": testDispatch, "Company": testCompany, "Bereave": testBereave, "ReconcileAmongNodes": testReconcileAmongNodes, "Reconcile": testReconcile, "ReconcileFreesKeys": testReconcileFreesKeys, "Slots": testSlots, "SlotsAreExact": testSlotsAreExact, "SlotsOfTransfers": testSlotsOfTransfers, "ReservedSlots": testReservedSlots,
		"Pools": testPools, "PoolTrunks": testPoolTrunks, "LocalPresence": testLocalPresence, "Pacing": testPacing, "PoolQueue": testPoolQueue, "PoolRaces": testPoolRaces, "ExampleContext": testExampleContext,
		"Queue": testQueue, "QueueOrder": testQueueOrder, "QueueEnds": testQueueEnds, "QueueIsNotReconciled": testQueueIsNotReconciled, "QueueAndDoNotCall": testQueueAndDoNotCall,
		"QueueRaces": testQueueRaces1, "AfterCalls": testAfterCalls, "Aftermath": testAftermath, "PrivateCalls": testPrivateCalls, "PrivateCallsEnd": testPrivateCallsEnd, "Retention": testRetention, "Traces": testTraces, "EraseText": testEraseText, "Rotate": testRotate, "RotateAllOrNothing": testRotateAllOrNothing,
		"Backup": testBackup, "Restore": testRestore, "RestoreDialsNothing": testRestoreDialsNothing, "TablesAreCopied": testTablesAreCopied, "Minutes": testMinutes, "CallColumns": testCallColumns, "Log": testLog, "LogOddEvents": testLogOddEvents, "LogSequence": testLogSequence, "LogReaders": testLogReaders, "Tail": testTail,
		"Jobs": testJobs, "JobDoubt": testJobDoubt, "Deliveries": testDeliveries, "ConnectionInUse": testConnectionInUse,
		"AnswerIsGivenAgain": testAnswerIsGivenAgain, "RefusalFreesTheKey": testRefusalFreesTheKey, "FailureLeavesTheSubject": testFailureLeavesTheSubject,
		"AnswersAreForgotten": testAnswersAreForgotten, "OneOfManyRuns": testOneOfManyRuns, "InlineWebhookCanSign": testInlineWebhookCanSign,
		"StoredWebhookOfACall": testStoredWebhookOfACall, "InlineExternalActionCanSign": testInlineExternalActionCanSign, "CallWithoutRowHasNoEvent": testCallWithoutRowHasNoEvent,
		"Depth": testDepth, "ManyCallsInPages": testManyCallsInPages, "OrderOfLists": testOrderOfLists, "Overview": testOverview, "OverviewOfBefore": testOverviewOfBefore, "OverviewRaces": testOverviewRaces, "OverviewBounds": testOverviewBounds, "NumbersAsNumbers": testNumbersAsNumbers, "CallsByFacts": testCallsByFacts,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func TestSQLite(t *testing.T) { conformance(t, openFile) }

// TestPostgres wants the address of a server on which it may make and drop databases:
// PARLEY_TEST_POSTGRES=postgres://postgres@127.0.0.1:5432/postgres
func TestPostgres(t *testing.T) {
	conformance(t, postgres)
}

// postgres opens a store on a new PostgreSQL database.
func postgres(t testing.TB) *DB {
	t.Helper()
	server := os.Getenv("PARLEY_TEST_POSTGRES")
	if server == "" {
		t.Skip("PARLEY_TEST_POSTGRES is not set")
	}
	return openPostgres(t, server)
}

// postgresURL is where openPostgres made the last database.
var postgresURL string

func openPostgres(t testing.TB, server string) *DB {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	admin := DB{}
	if err := admin.openPostgres(server); err != nil {
		t.Fatal(err)
	}
	name := "parley_test_" + strings.ReplaceAll(newID(), "-", "")
	if _, err := admin.w.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.w.Exec(fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			t.Error(err)
		}
		admin.closePools()
	})
	u.Path = "/" + name
	postgresURL = u.String()
	d, err := Open(context.Background(), postgresURL, key(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
