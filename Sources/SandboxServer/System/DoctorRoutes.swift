import Hummingbird
public import SandboxAPI
import SandboxCore

/// Looks at everything that a sandbox needs on the server's machine.
public protocol SelfExamining: Sendable {
    func examine() async throws -> DoctorBody
}

/// `/v1/doctor`.
struct DoctorRoutes: Sendable {
    let examination: (any SelfExamining)?

    func add(to routes: inout ServerRoutes) {
        routes.on(.doctor) { _, context, _ in
            try context.granted().require(session: nil)
            guard let examination else {
                throw SandboxError(.unsupported, "this server cannot examine its machine", remedy: "start it with `sandlot serve`")
            }
            return try JSONAnswer.response(.ok, try await examination.examine())
        }
    }
}
