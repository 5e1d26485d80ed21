import SandboxCore
import Testing

@testable import SandboxEngine

@Suite("The router")
struct RouterTests {
    static func status(
        _ name: String, _ isolation: Isolation, _ capabilities: Set<Capability> = Set(Capability.allCases), up: Bool = true,
        onlyByName: Bool = false
    ) -> BackendStatus {
        BackendStatus(
            descriptor: BackendDescriptor(
                id: BackendID(unchecked: name), name: name, summary: "", isolation: isolation, placement: .local,
                capabilities: capabilities,
                onlyByName: onlyByName),
            availability: up ? .available(details: [:]) : .unavailable(reason: "\(name) is down", remedy: "start it"),
            probedAt: Timestamp(milliseconds: 0))
    }

    let all = [
        status("bare", .none, onlyByName: true), status("narrow", .process, onlyByName: true), status("spaces", .namespace),
        status("boxes", .container), status("broken", .container, up: false), status("machines", .microVM, [.files, .networkNone]),
    ]

    func id(_ name: String?) -> BackendID? { name.map(BackendID.init(unchecked:)) }

    func route(
        sandbox: Bool = true, backend: String? = nil, floor: Isolation? = nil, needs: [Capability] = [], defaultBackend: String? = nil,
        order: [String] = []
    ) throws -> Router.Route {
        let router = Router(defaultBackend: id(defaultBackend), floor: .namespace, autoOrder: order.map(BackendID.init(unchecked:)))
        return try router.route(
            Router.Query(
                wantsSandbox: sandbox, backend: id(backend), statedFloor: floor,
                needs: needs.map { .init(capability: $0, reason: $0.rawValue) }),
            among: all)
    }

    func refusal(_ work: () throws -> Router.Route) -> SandboxError.Code? {
        do {
            _ = try work()
            return nil
        } catch {
            return (error as? SandboxError)?.code
        }
    }

    @Test func `automatic choice follows the order, the default first`() throws {
        #expect(try route().decision.chosen.rawValue == "spaces")
        #expect(try route(order: ["boxes"]).decision.chosen.rawValue == "boxes")
        #expect(try route(defaultBackend: "machines", order: ["boxes"]).decision.chosen.rawValue == "machines")
        #expect(try route(order: ["broken", "boxes"]).candidates.map(\.rawValue) == ["boxes", "spaces", "machines"])
    }

    @Test func `every backend has a line in the decision`() throws {
        let reasons = try route(floor: .container).decision.reasons
        #expect(Set(reasons.map(\.backend)) == Set(all.map(\.descriptor.id)))
        let verdicts = Dictionary(uniqueKeysWithValues: reasons.map { ($0.backend.rawValue, $0.verdict) })
        #expect(
            verdicts == [
                "bare": .rejected, "narrow": .rejected, "spaces": .rejected, "boxes": .chosen, "broken": .rejected, "machines": .eligible,
            ])
        #expect(reasons.first { $0.backend.rawValue == "broken" }?.reason == "broken is down")
    }

    @Test func `what is used only by name is not chosen unless the floor is stated`() throws {
        #expect(try route(order: ["narrow", "bare"]).decision.chosen.rawValue == "spaces")
        #expect(try route(floor: .process, order: ["narrow", "bare"]).decision.chosen.rawValue == "narrow")
        #expect(try route(floor: Isolation.none, order: ["bare", "narrow"]).decision.chosen.rawValue == "narrow")
        #expect(try route(backend: "narrow").decision.chosen.rawValue == "narrow")
    }

    @Test func `a backend asked for by name is that one or none`() throws {
        #expect(try route(backend: "boxes").candidates.map(\.rawValue) == ["boxes"])
        #expect(refusal { try route(backend: "nowhere") } == .notFound)
        #expect(refusal { try route(backend: "broken") } == .unavailable)
        #expect(refusal { try route(backend: "spaces", floor: .microVM) } == .denied)
        #expect(refusal { try route(backend: "machines", needs: [.memoryLimit]) } == .unsupported)
        #expect(refusal { try route(backend: "bare") } == .denied)
        #expect(refusal { try route(backend: "bare", floor: Isolation.none) } == .denied)
    }

    @Test func `a capability that is missing is a refusal, never a silent downgrade`() {
        #expect(refusal { try route(floor: .microVM, needs: [.memoryLimit]) } == .unsupported)
        #expect(
            refusal {
                try Router(floor: .microVM, autoOrder: []).route(
                    .init(wantsSandbox: true, backend: nil, statedFloor: nil, needs: []),
                    among: [Self.status("broken", .microVM, up: false)])
            } == .unavailable)
        #expect(
            refusal {
                try Router(floor: .microVM, autoOrder: []).route(
                    .init(wantsSandbox: true, backend: nil, statedFloor: nil, needs: []), among: [Self.status("spaces", .namespace)])
            } == .denied)
    }

    @Test func `outside of a sandbox only the host serves, if it is allowed`() throws {
        #expect(try route(sandbox: false).decision.chosen.rawValue == "bare")
        #expect(refusal { try route(sandbox: false, backend: "boxes") } == .invalidArgument)
        #expect(refusal { try route(sandbox: false, floor: .process) } == .denied)
        #expect(
            refusal {
                try Router(floor: .namespace, autoOrder: []).route(
                    .init(wantsSandbox: false, backend: nil, statedFloor: nil, needs: []), among: [Self.status("spaces", .namespace)])
            } == .denied)
    }

    @Test(
        arguments: [
            (nil, false, SandboxMode.all, true), (nil, true, .all, true), (nil, false, .nonMain, true), (nil, true, .nonMain, false),
            (nil, false, .off, false), (true, true, .off, true), (false, false, .all, false),
        ] as [(Bool?, Bool, SandboxMode, Bool)])
    func `the override wins over the mode`(override: Bool?, isMain: Bool, mode: SandboxMode, expected: Bool) {
        #expect(SessionPlan.wantsSandbox(override: override, isMain: isMain, mode: mode) == expected)
    }
}
