import SandboxAPI
import SandboxServer

/// `sandlot doctor`, asked for over HTTP.
struct ServedExamination: SelfExamining {
    let options: SettingsOptions
    let context: CommandContext

    func examine() async throws -> DoctorBody {
        let found = try await Examination(options: options, context: context).findings()
        return DoctorBody(
            findings: found.map { .init(subject: $0.subject, verdict: "\($0.verdict)", message: $0.message, remedy: $0.remedy) })
    }
}
