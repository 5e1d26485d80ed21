import SandboxCore
import Testing

@testable import SandboxEngine

@Suite("The session machine")
struct SessionMachineTests {
    typealias Row = (SessionState, SessionMachine.Event, SessionState, [SessionMachine.Action])

    static let table: [Row] = [
        (.opening, .used, .opening, [.makeSandbox]),
        (.opening, .made, .ready, [.announce(.prepared)]),
        (.opening, .makingFailed, .failed, [.announce(.failed)]),
        (.opening, .vanished, .failed, [.announce(.failed)]),
        (.opening, .closeAsked, .closing, [.announce(.sessionClosing), .releaseSandbox]),
        (.ready, .used, .ready, [.takeUpSandbox]),
        (.ready, .made, .ready, []),
        (.ready, .vanished, .failed, [.announce(.failed)]),
        (.ready, .closeAsked, .closing, [.announce(.sessionClosing), .releaseSandbox]),
        (.closing, .vanished, .closed, [.announce(.sessionClosed)]),
        (.closing, .closeAsked, .closing, [.releaseSandbox]),
        (.closing, .released, .closed, [.announce(.sessionClosed)]),
        (.closing, .releaseFailed, .closing, [.announce(.failed)]),
        (.closed, .closeAsked, .closed, []),
        (.failed, .closeAsked, .closing, [.announce(.sessionClosing), .releaseSandbox]),
    ]

    @Test func `every transition is the table's, and what is not in the table is a conflict that changes nothing`() throws {
        for state in SessionState.allCases {
            for event in SessionMachine.Event.allCases {
                var machine = SessionMachine(state: state)
                if let row = Self.table.first(where: { $0.0 == state && $0.1 == event }) {
                    #expect(try machine.handle(event) == row.3, "\(state) + \(event)")
                    #expect(machine.state == row.2, "\(state) + \(event)")
                } else {
                    let error = #expect(throws: SandboxError.self, "\(state) + \(event)") { try machine.handle(event) }
                    #expect(error?.code == .conflict)
                    #expect(machine.state == state)
                }
            }
        }
    }

    @Test func `a failed session is made again only when its failure may have passed`() throws {
        var machine = SessionMachine(state: .failed, mayRetry: true)
        #expect(try machine.handle(.used) == [.makeSandbox])
        #expect(machine.state == .opening)
    }
}
