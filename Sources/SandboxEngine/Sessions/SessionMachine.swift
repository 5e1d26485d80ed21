import SandboxCore

/// The life of a session: what happened goes in, what is to be done comes out. It does nothing itself.
struct SessionMachine: Sendable, Equatable {
    /// What happened.
    enum Event: Sendable, CaseIterable {
        /// Somebody needs the sandbox.
        case used
        /// The sandbox was made, or taken up after a crash in the midst of that.
        case made
        case makingFailed
        /// The sandbox that it had is gone.
        case vanished
        case closeAsked
        /// Nothing of the sandbox is left, or others still use it.
        case released
        case releaseFailed
    }

    /// What is to be done, in this order.
    enum Action: Sendable, Equatable {
        case makeSandbox
        case takeUpSandbox
        case releaseSandbox
        case announce(EngineEvent.Kind)
    }

    private(set) var state: SessionState
    /// Whether what made it fail may have passed by now.
    let mayRetry: Bool

    init(state: SessionState, mayRetry: Bool = false) {
        self.state = state
        self.mayRetry = mayRetry
    }

    /// Throws `conflict` for what makes no sense in this state; nothing changes then.
    mutating func handle(_ event: Event) throws -> [Action] {
        switch (state, event) {
        case (.opening, .used): return [.makeSandbox]
        case (.ready, .used): return [.takeUpSandbox]
        case (.failed, .used) where mayRetry: return become(.opening, [.makeSandbox])
        case (.opening, .made): return become(.ready, [.announce(.prepared)])
        case (.ready, .made): return []
        case (.opening, .makingFailed): return become(.failed, [.announce(.failed)])
        case (.opening, .vanished), (.ready, .vanished): return become(.failed, [.announce(.failed)])
        case (.closing, .vanished): return become(.closed, [.announce(.sessionClosed)])
        case (.opening, .closeAsked), (.ready, .closeAsked), (.failed, .closeAsked):
            return become(.closing, [.announce(.sessionClosing), .releaseSandbox])
        case (.closing, .closeAsked): return [.releaseSandbox]
        case (.closed, .closeAsked): return []
        case (.closing, .released): return become(.closed, [.announce(.sessionClosed)])
        case (.closing, .releaseFailed): return [.announce(.failed)]
        case (.closing, .used), (.closed, .used):
            throw SandboxError(.conflict, "the session is \(state.rawValue)", remedy: "open another one")
        case (.failed, .used):
            throw SandboxError(.conflict, "the session failed and has no sandbox", remedy: "look why, close it and open another one")
        default:
            throw SandboxError(
                .conflict, "'\(event)' does not happen to a session that is \(state.rawValue)", remedy: "look at the session again")
        }
    }

    private mutating func become(_ next: SessionState, _ actions: [Action]) -> [Action] {
        state = next
        return actions
    }
}
