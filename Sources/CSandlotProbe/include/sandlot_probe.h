/// Tries from within a sandbox what a command that means harm would try, and prints how each attempt went.
#ifndef SANDLOT_PROBE_H
#define SANDLOT_PROBE_H

#if defined(__linux__)

#ifdef __cplusplus
extern "C" {
#endif

/// Runs every attempt, each in a process of its own, and writes a line for each to standard output: `try<TAB>ID<TAB>RESULT<TAB>DETAIL`, where
/// the result is `open`, `blocked`, `absent`, `unanswered` or `unknown`, and `fact<TAB>NAME<TAB>VALUE` for what the process is.
///
/// `arguments` are `NAME=VALUE`: what the host put down for the attempts to look for. Only what belongs to the sandbox is changed, and put back.
/// Returns an exit status.
int sandlot_probe(int count, const char *const *arguments);

#ifdef __cplusplus
}
#endif
#endif
#endif
