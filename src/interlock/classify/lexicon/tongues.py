"""Verbs of other languages, each given as the English verb whose meaning it has.

Romance infinitives bring their third person and imperative along (``_romance``), German ones their
``-t`` form. A word that is also an English verb keeps the English meaning.
"""

from __future__ import annotations

from interlock.classify.lexicon.text import wordset

# English verb: infinitives in Spanish, Portuguese, Italian, French (regular in -ar, -are, -er, -ere, -ir, -ire, -re).
_ROMANCE: dict[str, str] = {
    "get": "obtener obter ottenere obtenir recuperar recuperare récupérer recuperer",
    "list": "listar elencare lister enumerar enumerare",
    "read": "leer ler leggere lire",
    "search": "buscar cercare chercher rechercher pesquisar procurar ricercare trovare encontrar trouver",
    "show": "mostrar mostrare afficher montrer exibir visualizzare visualizar",
    "query": "consultar consultare consulter interroger",
    "count": "contar contare compter",
    "check": "verificar verificare vérifier verifier comprobar controllare",
    "calculate": "calcular calcolare calculer",
    "compare": "comparar confrontare comparer",
    "translate": "traducir traduzir tradurre traduire",
    "convert": "convertir converter convertire",
    "create": "crear criar creare créer creer",
    "add": "agregar añadir anadir adicionar aggiungere ajouter",
    "insert": "insertar inserir inserire insérer inserer",
    "save": "guardar salvar salvare sauvegarder enregistrer",
    "copy": "copiar copiare copier",
    "update": "actualizar atualizar aggiornare modifier modificar modificare editar mettre",
    "rename": "renombrar renomear rinominare renommer",
    "move": "mover spostare déplacer deplacer",
    "archive": "archivar arquivar archiviare archiver",
    "replace": "reemplazar substituir sostituire remplacer",
    "write": "escribir escrever scrivere écrire ecrire",
    "delete": "eliminar borrar suprimir apagar excluir eliminare cancellare supprimer effacer remover rimuovere",
    "clear": "vaciar limpiar esvaziar limpar svuotare vider",
    "send": "enviar mandar inviare spedire envoyer",
    "reply": "responder rispondere répondre repondre",
    "notify": "notificar notificare notifier",
    "invite": "invitar convidar invitare inviter",
    "publish": "publicar pubblicare publier",
    "pay": "pagar pagare payer",
    "buy": "comprar comprare acheter",
    "transfer": "transferir trasferire transférer transferer",
    "refund": "reembolsar rimborsare rembourser",
    "run": "ejecutar executar eseguire exécuter executer",
    "start": "iniciar avviare démarrer demarrer arrancar lancer",
    "stop": "detener parar fermare arrêter arreter",
    "cancel": "cancelar annullare annuler anular",
    "enable": "activar ativar attivare activer habilitar",
    "disable": "desactivar desativar disattivare désactiver desactiver",
    "grant": "conceder otorgar concedere accorder autorizar",
    "revoke": "revocar revogar revocare révoquer revoquer",
    "close": "cerrar fechar chiudere fermer",
    "open": "abrir aprire ouvrir",
    "upload": "subir cargar carregar caricare téléverser",
    "download": "descargar baixar scaricare télécharger telecharger",
    "deploy": "desplegar implantar distribuire déployer deployer",
    "install": "instalar installare installer",
    "restart": "reiniciar riavviare redémarrer redemarrer",
    "book": "reservar prenotare réserver reserver",
}

# English verb: German infinitives and separable forms, Dutch infinitives and stems.
_GERMANIC: dict[str, str] = {
    "get": "abrufen holen abfragen ermitteln ophalen opvragen haal",
    "list": "auflisten lijst",
    "read": "lesen liest lezen lees",
    "search": "suchen finden zoeken zoek vinden vind",
    "show": "anzeigen zeigen tonen toon weergeven bekijken",
    "count": "zählen zaehlen tellen tel",
    "check": "prüfen pruefen überprüfen ueberpruefen controleren controleer",
    "calculate": "berechnen bereken berekenen",
    "create": "erstellen anlegen erzeugen aanmaken maken maak",
    "add": "hinzufügen hinzufuegen toevoegen voeg",
    "save": "speichern opslaan bewaren",
    "copy": "kopieren kopieer",
    "update": "aktualisieren ändern aendern bearbeiten bijwerken wijzigen wijzig",
    "rename": "umbenennen hernoemen",
    "move": "verschieben verplaatsen",
    "archive": "archivieren archiveren",
    "replace": "ersetzen vervangen vervang",
    "write": "schreiben schrijven schrijf",
    "delete": "löschen loeschen entfernen verwijderen verwijder wissen wis",
    "clear": "leeren leegmaken",
    "send": "senden schicken versenden verschicken sturen stuur verzenden verzend",
    "reply": "antworten beantworten antwoorden beantwoord",
    "notify": "benachrichtigen melden",
    "invite": "einladen uitnodigen",
    "publish": "veröffentlichen veroeffentlichen publiceren",
    "pay": "bezahlen zahlen betalen betaal",
    "buy": "kaufen bestellen kopen koop",
    "transfer": "überweisen ueberweisen overmaken overboeken",
    "run": "ausführen ausfuehren uitvoeren voer",
    "start": "starten",
    "stop": "stoppen anhalten beenden",
    "cancel": "abbrechen stornieren annuleren annuleer",
    "enable": "aktivieren activeren einschalten inschakelen",
    "disable": "deaktivieren deactiveren ausschalten uitschakelen",
    "grant": "gewähren gewaehren verlenen toekennen",
    "revoke": "widerrufen entziehen intrekken",
    "close": "schließen schliessen sluiten sluit",
    "open": "öffnen oeffnen openen",
    "upload": "hochladen uploaden",
    "download": "herunterladen downloaden",
    "install": "installieren installeren",
    "restart": "neustarten herstarten",
    "book": "buchen boeken",
}

# English verb: Russian words as tool authors write them, in Cyrillic and in Latin letters.
_RUSSIAN: dict[str, str] = {
    "get": "получить получает poluchit",
    "list": "список перечислить spisok",
    "read": "прочитать читать читает",
    "search": "найти искать поиск находит nayti poisk",
    "show": "показать показывает pokazat",
    "count": "посчитать подсчитать",
    "check": "проверить проверяет proverit",
    "create": "создать создает создаёт sozdat",
    "add": "добавить добавляет dobavit",
    "save": "сохранить сохраняет sohranit",
    "copy": "копировать скопировать",
    "update": "обновить обновляет изменить изменяет obnovit izmenit",
    "rename": "переименовать",
    "move": "переместить",
    "archive": "архивировать",
    "replace": "заменить заменяет",
    "write": "записать написать",
    "delete": "удалить удаляет удаление udalit",
    "clear": "очистить очищает ochistit",
    "send": "отправить отправляет послать otpravit",
    "reply": "ответить",
    "invite": "пригласить",
    "publish": "опубликовать публикует",
    "pay": "оплатить заплатить oplatit",
    "buy": "купить",
    "transfer": "перевести",
    "run": "выполнить выполняет запустить запускает vypolnit zapustit",
    "stop": "остановить останавливает ostanovit",
    "cancel": "отменить otmenit",
    "enable": "включить",
    "disable": "отключить выключить",
    "grant": "предоставить",
    "revoke": "отозвать",
    "close": "закрыть",
    "open": "открыть",
}

# English verb: Chinese and Japanese (and a few Korean) words, found inside unspaced text.
_UNSPACED: dict[str, str] = {
    "get": "获取 取得 獲取 得到 读出 가져오",
    "list": "列出 列表 一覧 清单 목록",
    "read": "读取 讀取 読み取り 読み込み 阅读 読む 읽기",
    "search": "搜索 搜尋 查找 検索 寻找 検索する 검색",
    "query": "查询 查詢 照会 조회",
    "show": "显示 顯示 表示 查看",
    "count": "统计 計數 集計",
    "check": "检查 檢查 确认 確認 检测",
    "calculate": "计算 計算",
    "translate": "翻译 翻譯 翻訳",
    "create": "创建 創建 建立 新建 作成 新規作成 생성",
    "add": "添加 增加 新增 追加 추가",
    "save": "保存 儲存 저장",
    "copy": "复制 複製 コピー",
    "update": "更新 修改 编辑 編集 変更 编輯 수정",
    "rename": "重命名 改名 名前変更",
    "move": "移动 移動",
    "archive": "归档 アーカイブ",
    "replace": "替换 置換 覆盖 上書き",
    "write": "写入 書き込み 寫入",
    "delete": "删除 刪除 移除 削除 삭제 清除",
    "clear": "清空 消去 クリア",
    "send": "发送 發送 送信 寄送 推送 전송",
    "reply": "回复 回覆 返信",
    "notify": "通知",
    "invite": "邀请 招待",
    "publish": "发布 發布 公開 公开 投稿",
    "pay": "支付 付款 支払",
    "buy": "购买 購買 購入 下单 注文",
    "transfer": "转账 轉帳 送金 振込",
    "refund": "退款 返金",
    "run": "执行 運行 运行 実行 実施 실행",
    "start": "启动 啟動 起動 開始 开始",
    "stop": "停止 终止 終了",
    "cancel": "取消 キャンセル",
    "enable": "启用 有効化",
    "disable": "禁用 停用 無効化",
    "grant": "授权 授權 付与",
    "revoke": "撤销 撤銷 取り消し 剥奪",
    "close": "关闭 關閉 閉じる",
    "open": "打开 開く",
    "upload": "上传 上傳 アップロード",
    "download": "下载 下載 ダウンロード",
    "deploy": "部署 デプロイ",
    "restart": "重启 再起動",
    "book": "预订 预约 予約",
}

# "and", "then" in other languages, as they stand between two verbs of a name.
CONJUNCTIONS = wordset("y e et und en ed и")
UNSPACED_CONJUNCTIONS = ("并", "並", "和", "然后", "後に", "して", "及び", "与")


def _romance(infinitive: str) -> set[str]:
    """Return the infinitive with its third person singular and its short form."""
    forms = {infinitive}
    for ending, replacements in (
        ("are", ("a", "i")),
        ("ere", ("e", "i")),
        ("ire", ("e", "isce")),
        ("ar", ("a", "e")),
        ("er", ("e",)),
        ("ir", ("e", "it")),
    ):
        if infinitive.endswith(ending):
            forms.update(infinitive[: -len(ending)] + short for short in replacements)
            break
    return {form for form in forms if len(form) > 3}  # noqa: PLR2004 - shorter forms collide with other words


def _germanic(infinitive: str) -> set[str]:
    """Return the infinitive with its third person singular."""
    stem = infinitive.removesuffix("en")
    return {infinitive, f"{stem}t"} if stem != infinitive else {infinitive}


_IRREGULAR = {"lee": "read", "lit": "read", "legge": "read", "obtiene": "get", "obtient": "get", "obtém": "get",
              "ottiene": "get", "muestra": "show", "envía": "send", "invia": "send", "envoie": "send", "envoi": "send",
              "encuentra": "search", "actualiza": "update", "escribe": "write", "écrit": "write", "scrive": "write",
              "aggiunge": "add", "añade": "add", "elimina": "delete", "borra": "delete", "rimuove": "delete",
              "suppression": "delete", "eliminación": "delete", "löschung": "delete", "détruit": "delete",
              "paga": "pay", "paie": "pay", "detiene": "stop", "cierra": "close", "abre": "open", "apre": "open",
              "ouvre": "open", "löscht": "delete", "liest": "read", "ruft": "get", "holt": "get", "gibt": "get",
              "sendet": "send", "leer": "read", "ler": "read", "crea": "create", "crée": "create", "cree": "create",
              "erstellt": "create", "devuelve": "return", "retorna": "return", "renvoie": "return",
              "retourne": "return", "restituisce": "return", "ändert": "update", "supprime": "delete",
              "conta": "count", "busca": "search", "cerca": "search", "cherche": "search", "lijst": "list"}  # fmt: skip

# Inflected forms that are everyday English words of another meaning.
_ENGLISH = wordset("active note liste mute pare modifie conte lance")

FOREIGN: dict[str, str] = dict(_IRREGULAR)
for _table, _forms in ((_ROMANCE, _romance), (_GERMANIC, _germanic), (_RUSSIAN, lambda word: {word})):
    for _english, _text in _table.items():
        for _word in _text.split():
            for _form in _forms(_word):
                if _form not in _ENGLISH:
                    FOREIGN.setdefault(_form, _english)

UNSPACED: tuple[tuple[str, str], ...] = tuple(
    sorted(
        ((word, english) for english, text in _UNSPACED.items() for word in text.split()),
        key=lambda pair: -len(pair[0]),
    )
)
