import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** A MongoDB wire server for tests: binds a free loopback port, prints its address, serves until it is stopped. */
public class MongoTestServer {
    public static void main(String[] args) throws Exception {
        // PyMongo refuses servers that say that they are older.
        MongoVersion version = new MongoVersion() {
            public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
            public int getWireVersion() { return 13; }
        };
        MongoServer server = new MongoServer(new MemoryBackend().version(version));
        System.out.println("ready mongodb://127.0.0.1:" + server.bind().getPort());
        Thread.currentThread().join();
    }
}
