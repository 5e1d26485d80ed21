internal import GuestProtocol

/// Every exec that the guest knows: the living ones, and a bounded number of ended ones with a bounded amount of output.
final class ExecTable {
    static let mostAlive = 1024
    static let mostEnded = 4096
    /// Bytes of rings of ended execs; the oldest lose theirs first.
    static let mostEndedMemory = 64 << 20

    private var byID: [String: Exec] = [:]
    /// Ended ones, oldest first.
    private var ended: [Exec] = []
    /// Forgotten by the host, but something of them lives on.
    private var leftBehind: [Exec] = []

    var statuses: [ExecStatus] { byID.values.map(\.status).sorted { $0.id < $1.id } }

    /// Those whose tree is not known to be gone, the forgotten ones included.
    var alive: [Exec] { (Array(byID.values) + leftBehind).filter(\.isAlive) }

    func find(_ id: String) throws(GuestFailure) -> Exec {
        guard let exec = byID[id] else { throw GuestFailure(.notFound, message: "no exec \(id)") }
        return exec
    }

    /// Checks that an id is free and that another command may run.
    func admit(_ id: String) throws(GuestFailure) {
        guard byID[id] == nil else { throw GuestFailure(.alreadyExists, message: "the exec \(id) was started before") }
        // Ended ones are not counted one by one: the sum only has to be bounded.
        guard byID.count - ended.count + leftBehind.count < ExecTable.mostAlive else {
            throw GuestFailure(.limitExceeded, message: "\(ExecTable.mostAlive) commands run already")
        }
    }

    func add(_ exec: Exec) { byID[exec.id] = exec }

    /// The command was never run, so its id may be used again.
    func remove(_ exec: Exec) { byID[exec.id] = nil }

    func markEnded(_ exec: Exec) {
        guard byID[exec.id] === exec else { return }
        ended.append(exec)
        while ended.count > ExecTable.mostEnded { drop(ended.removeFirst()) }
        limitMemory()
    }

    func forget(_ id: String) throws(GuestFailure) {
        let exec = try find(id)
        guard exec.isForgettable else { throw GuestFailure(.denied, message: "the exec \(id) is running") }
        ended.removeAll { $0 === exec }
        drop(exec)
    }

    /// Lets go of forgotten execs that have nothing left.
    func treeIsGone(_ exec: Exec) {
        guard leftBehind.contains(where: { $0 === exec }) else { return }
        leftBehind.removeAll { $0 === exec }
        exec.closeStreams()
    }

    private func drop(_ exec: Exec) {
        byID[exec.id] = nil
        exec.subscription?.forget()
        if exec.isAlive {
            // What it left running is not its output's fault: it lives on, and what it writes goes nowhere.
            exec.muffle()
            leftBehind.append(exec)
        } else {
            exec.closeStreams()
        }
    }

    private func limitMemory() {
        var total = ended.reduce(0) { $0 + $1.footprint }
        for exec in ended where total > ExecTable.mostEndedMemory {
            // The last one keeps its output, however large: somebody is about to read it.
            if exec === ended.last { break }
            total -= exec.footprint
            exec.dropOutput()
        }
    }
}
