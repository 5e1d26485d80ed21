import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage
import Testing

@testable import HostBackends

/// What a crash leaves before there is a record, or with a broken one.
@Suite(.timeLimit(.minutes(10))) struct LeftoverTests {
    private func makeOld(_ path: FilePath) {
        var times = [timespec(tv_sec: time(nil) - 3600, tv_nsec: 0), timespec(tv_sec: time(nil) - 3600, tv_nsec: 0)]
        utimensat(AT_FDCWD, path.string, &times, 0)
    }

    @Test func oldDraftsAndFoldersWithABrokenRecordAreListedAndRemoved() async throws {
        try await withBench { bench in
            let collection = SandboxFolder.collection(bench.host.dataDirectory)
            try HostDirectory.ensure(collection, mode: 0o711)
            let (draft, broken, bare) = (SandboxID.random(), SandboxID.random(), SandboxID.random())
            let folders = [".new-\(draft)", broken.rawValue, bare.rawValue].map { collection.appending($0) }
            for folder in folders { try HostDirectory.create(folder, mode: 0o700) }
            try HostDirectory.replace(folders[1].appending(SandboxRecord.fileName), with: Array("rubbish".utf8))
            #expect(try await bench.backend.list(owner: bench.owner) == [], "what is young may be in the making")
            for folder in folders { makeOld(folder) }
            let found = try await bench.backend.list(owner: bench.owner)
            #expect(Set(found.map(\.id)) == [draft, broken, bare])
            for reference in found { try await bench.backend.remove(reference) }
            #expect(try HostDirectory.names(in: collection) == [])
        }
    }

    @Test func theProcessesOfASandboxWithABrokenRecordEndWithIt() async throws {
        try await withBench { bench in
            let sandbox = try await bench.create(bench.spec())
            let locator = try Locator(sandbox.reference)
            let folder = SandboxFolder(sandbox.reference.id, in: bench.host.dataDirectory)
            try HostDirectory.replace(folder.recordFile, with: [])
            makeOld(folder.path)
            let found = try #require(try await bench.backend.list(owner: bench.owner).first)
            #expect(found.id == sandbox.reference.id)
            try await bench.backend.remove(found)
            #expect(locator.guest?.isAlive == false)
            try await bench.expectNothingLeft(of: sandbox.reference)
        }
    }
}
