#include "core/testing/file_system_conformance.h"

#include <memory>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/testing/printers.h"

namespace faultline::testing {
namespace {

const char kMissing[] = "; No such file or directory";

void ExpectMissing(const Status& status, const std::string& path) {
  BOOST_TEST(status == Status(Code::kNotFound, path + kMissing));
}

void ExpectContent(FileSystem& files, const std::string& path, const std::string& content) {
  const Result<std::string> read = ReadFile(files, path);
  BOOST_TEST_REQUIRE(read.status() == Status());
  BOOST_TEST((*read == content), path << " has another content");
}

void CheckWriting(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, "written");
  std::string large(200'000, 'x');
  large[0] = '\0';
  large[199'999] = '\n';
  {
    auto file = files.Create(path);
    BOOST_TEST_REQUIRE(file.status() == Status());
    ExpectContent(files, path, "");
    BOOST_TEST((*file)->Append("ab") == Status());
    BOOST_TEST((*file)->Append("") == Status());
    BOOST_TEST((*file)->Append("c") == Status());
    BOOST_TEST((*file)->Flush() == Status());
    ExpectContent(files, path, "abc");
    BOOST_TEST((*file)->Append(large) == Status());
    BOOST_TEST((*file)->Sync() == Status());
    BOOST_TEST((*file)->Close() == Status());
    BOOST_TEST((*file)->Close() == Status());
    BOOST_TEST((*file)->Append("late").code() == Code::kFailedPrecondition);
  }
  ExpectContent(files, path, "abc" + large);
  const Result<FileInfo> info = files.Stat(path);
  BOOST_TEST_REQUIRE(info.status() == Status());
  BOOST_TEST(info->size == 200'003U);
  BOOST_TEST(!info->is_directory);
  BOOST_TEST(WriteFile(files, path, "new") == Status());  // empties the file
  ExpectContent(files, path, "new");
  {
    auto dropped = files.Create(path);
    BOOST_TEST_REQUIRE(dropped.status() == Status());
    BOOST_TEST((*dropped)->Append("kept without close") == Status());
  }
  ExpectContent(files, path, "kept without close");
}

void CheckReading(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, "read");
  BOOST_TEST(WriteFile(files, path, "0123456789") == Status());
  auto file = files.Open(path);
  BOOST_TEST_REQUIRE(file.status() == Status());
  BOOST_TEST(*(*file)->Size() == 10U);
  BOOST_TEST(*(*file)->Read(0, 10) == "0123456789");
  BOOST_TEST(*(*file)->Read(3, 4) == "3456");
  BOOST_TEST(*(*file)->Read(10, 0) == "");
  const Status less(Code::kOutOfRange, "Read less bytes than requested");  // CK-312
  std::string available = "before";
  BOOST_TEST((*file)->Read(8, 5, &available).status() == less);
  BOOST_TEST(available == "89");
  BOOST_TEST((*file)->Read(20, 1, &available).status() == less);
  BOOST_TEST(available == "");
  // The file that was opened stays readable whatever happens to its name.
  BOOST_TEST(files.Remove(path) == Status());
  BOOST_TEST(*(*file)->Read(0, 3) == "012");
  ExpectMissing(files.Open(path).status(), path);
}

void CheckDirectories(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, "dir");
  BOOST_TEST(files.MakeDirectory(path) == Status());
  BOOST_TEST(files.MakeDirectory(path) == Status(Code::kAlreadyExists, path + "; File exists"));
  const Result<FileInfo> info = files.Stat(path);
  BOOST_TEST_REQUIRE(info.status() == Status());
  BOOST_TEST(info->is_directory);
  for (const char* name : {"b", "a", "c.tmp", "B"}) {
    BOOST_TEST(WriteFile(files, JoinPath(path, name), name) == Status());
  }
  const Result<std::vector<std::string>> names = files.List(path);
  BOOST_TEST_REQUIRE(names.status() == Status());
  BOOST_TEST((*names == std::vector<std::string>{"B", "a", "b", "c.tmp"}));
  BOOST_TEST(files.RemoveDirectory(path) ==
             Status(Code::kFailedPrecondition, path + "; Directory not empty"));
  BOOST_TEST(files.SyncDirectory(path) == Status());
  BOOST_TEST(files.Remove(path).code() == Code::kFailedPrecondition);
  BOOST_TEST(files.Create(path).status().code() == Code::kFailedPrecondition);
  BOOST_TEST(ReadFile(files, path).status().code() == Code::kFailedPrecondition);
  for (const std::string& name : *names) {
    BOOST_TEST(files.Remove(JoinPath(path, name)) == Status());
  }
  BOOST_TEST(files.RemoveDirectory(path) == Status());
  ExpectMissing(files.Stat(path).status(), path);
  const std::string deep = JoinPath(directory, "x/y/z");
  BOOST_TEST(MakeDirectories(files, deep) == Status());
  BOOST_TEST(MakeDirectories(files, deep) == Status());
  BOOST_TEST(*FileExists(files, deep));
}

void CheckRename(FileSystem& files, const std::string& directory) {
  const std::string from = JoinPath(directory, "from");
  const std::string to = JoinPath(directory, "to");
  BOOST_TEST(WriteFile(files, from, "new") == Status());
  BOOST_TEST(WriteFile(files, to, "old") == Status());
  auto reader = files.Open(to);
  BOOST_TEST_REQUIRE(reader.status() == Status());
  BOOST_TEST(files.Rename(from, to) == Status());
  BOOST_TEST(!*FileExists(files, from));
  ExpectContent(files, to, "new");
  BOOST_TEST(*(*reader)->Read(0, 3) == "old");
  BOOST_TEST(files.Rename(from, to).code() == Code::kNotFound);
  BOOST_TEST(files.Rename(to, to) == Status());
  ExpectContent(files, to, "new");
  // A writer goes on writing into the file that it made.
  auto writer = files.Create(from);
  BOOST_TEST_REQUIRE(writer.status() == Status());
  BOOST_TEST((*writer)->Append("1") == Status());
  BOOST_TEST(files.Rename(from, to) == Status());
  BOOST_TEST((*writer)->Append("2") == Status());
  BOOST_TEST((*writer)->Close() == Status());
  ExpectContent(files, to, "12");
}

void CheckMissing(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, "missing");
  const std::string below = JoinPath(path, "below");
  ExpectMissing(files.Open(path).status(), path);
  ExpectMissing(files.Stat(path).status(), path);
  ExpectMissing(files.List(path).status(), path);
  ExpectMissing(files.Remove(path), path);
  ExpectMissing(files.RemoveDirectory(path), path);
  ExpectMissing(files.SyncDirectory(path), path);
  ExpectMissing(files.Create(below).status(), below);
  ExpectMissing(files.MakeDirectory(below), below);
  BOOST_TEST(files.Rename(path, below).code() == Code::kNotFound);
  BOOST_TEST(!*FileExists(files, path));
  const std::string file = JoinPath(directory, "file");
  BOOST_TEST(WriteFile(files, file, "x") == Status());
  const std::string inside = JoinPath(file, "inside");
  const Status not_a_directory(Code::kFailedPrecondition, inside + "; Not a directory");
  BOOST_TEST(files.Stat(inside).status() == not_a_directory);
  BOOST_TEST(files.Create(inside).status() == not_a_directory);
  BOOST_TEST(files.List(file).status().code() == Code::kFailedPrecondition);
}

}  // namespace

void FileSystemConformance(Env& env, const std::string& directory) {
  CheckWriting(env.files, directory);
  CheckReading(env.files, directory);
  CheckDirectories(env.files, directory);
  CheckRename(env.files, directory);
  CheckMissing(env.files, directory);
}

}  // namespace faultline::testing
