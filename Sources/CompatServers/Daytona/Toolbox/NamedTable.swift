import SandboxCore
import Synchronization

/// What clients gave names to, in every sandbox.
final class NamedTable<Value: Sendable>: Sendable {
    private enum Slot {
        /// Its name is taken while it is made.
        case making
        case made(Value)
    }

    /// As messages call one of them.
    private let kind: String
    private let largest: Int
    private let slots = Mutex<[SessionID: [String: Slot]]>([:])

    init(_ kind: String, largest: Int = 256) {
        self.kind = kind
        self.largest = largest
    }

    /// Makes one under a name that is free; the name is free again when that fails.
    func make(_ name: String, in sandbox: SessionID, _ make: () async throws -> Value) async throws -> Value {
        try slots.withLock { slots in
            guard slots[sandbox]?[name] == nil else { throw DaytonaFailure(409, "\(kind) \(name.prefix(80)) already exists") }
            guard (slots[sandbox]?.count ?? 0) < largest else {
                throw DaytonaFailure(429, "one \(kind) more than the \(largest) that are allowed")
            }
            slots[sandbox, default: [:]][name] = .making
        }
        do {
            let value = try await make()
            slots.withLock { $0[sandbox, default: [:]][name] = .made(value) }
            return value
        } catch {
            slots.withLock { _ = $0[sandbox]?.removeValue(forKey: name) }
            throw error
        }
    }

    func find(_ name: String, in sandbox: SessionID) throws -> Value {
        guard case .made(let value)? = slots.withLock({ $0[sandbox]?[name] }) else { throw missing(name) }
        return value
    }

    func all(in sandbox: SessionID) -> [(name: String, value: Value)] {
        let found = slots.withLock { $0[sandbox] ?? [:] }
        return found.compactMap { name, slot in if case .made(let value) = slot { (name, value) } else { nil } }.sorted { $0.0 < $1.0 }
    }

    /// Those of all sandboxes.
    func all() -> [Value] {
        slots.withLock { $0.values.flatMap(\.values) }.compactMap { if case .made(let value) = $0 { value } else { nil } }
    }

    func change(_ name: String, in sandbox: SessionID, _ change: (inout Value) throws -> Void) throws {
        try slots.withLock { slots in
            guard case .made(var value)? = slots[sandbox]?[name] else { throw missing(name) }
            try change(&value)
            slots[sandbox]?[name] = .made(value)
        }
    }

    func remove(_ name: String, in sandbox: SessionID) throws -> Value {
        try slots.withLock { slots in
            guard case .made(let value)? = slots[sandbox]?[name] else { throw missing(name) }
            slots[sandbox]?[name] = nil
            return value
        }
    }

    func forget(_ sandbox: SessionID) { slots.withLock { $0[sandbox] = nil } }

    private func missing(_ name: String) -> DaytonaFailure { DaytonaFailure(404, "\(kind) \(name.prefix(80)) not found") }
}
