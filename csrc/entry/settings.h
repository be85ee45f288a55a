/*
 * How the JavaScript engine is to run: a command lives for milliseconds. Nothing is ever compiled to machine
 * code in that time that pays for itself, and without compiler threads (and collector threads) the process
 * has one thread only.
 */
SETTING("BUN_JSC_useJIT", "0")
SETTING("BUN_JSC_useConcurrentGC", "0")
