import CSandlotProbe
import Glibc
import GuestProtocol
import GuestServer

let arguments = GuestOptions.commandLine.dropFirst()

func complain(_ text: String, status: Int32) -> Never {
    let line = Array("sandlot-guest: \(text)\n".utf8)
    line.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(status)
}

/// For whoever tries out a sandbox: says what can be done from within. In a function, because a variable out here would bring the runtime of
/// concurrency into the executable.
func probe(_ arguments: [String]) -> Never {
    var words: [UnsafePointer<CChar>?] = arguments.map { UnsafePointer(strdup($0)) }
    exit(sandlot_probe(Int32(words.count), &words))
}

switch arguments.first {
case "--version": print("sandlot-guest, protocol \(ProtocolVersion.oldest) to \(ProtocolVersion.current)")
case "serve":
    do {
        let server = try GuestServer(try GuestOptions(arguments.dropFirst()))
        try server.run()
    } catch let error as GuestOptions.UsageError {
        complain(error.message, status: 2)
    } catch let failure as StartFailure {
        complain("\(failure.message) (errno \(failure.errno))", status: 1)
    } catch {
        complain("\(error)", status: 1)
    }
case "machine":
    do {
        // Returns in the process that serves.
        try GuestServer(try MachineStart().run()).run()
    } catch {
        complain("\(error.message) (errno \(error.errno))", status: 1)
    }
case "probe": probe(Array(arguments.dropFirst()))
case "relay":
    do {
        try GuestRelay(arguments.dropFirst()).run()
    } catch let error as GuestOptions.UsageError {
        complain(error.message, status: 2)
    } catch let failure as StartFailure {
        complain("\(failure.message) (errno \(failure.errno))", status: 1)
    } catch {
        complain("\(error)", status: 1)
    }
default:
    complain(
        "usage: sandlot-guest serve (--listen-fd N [--become UID:GID [--lifeline-fd N]] | --door PATH [--end-with-door] | --connect-fd N | --stdio | (--listen-abstract | --listen-own) NAME [--end-with-first] | --listen-in DIR --become UID:GID) [--birth-fd N] [--cwd DIR] [--sandbox ID] | machine | relay (--to-abstract NAME | --to SOCKET) [--text] [--patience SECONDS] | probe [NAME=VALUE...] | --version",
        status: 2)
}
